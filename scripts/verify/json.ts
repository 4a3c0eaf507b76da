/**
 * Results in the format of `--json`.
 *
 * @module
 */
import { sourceOf } from "../../tests/support/catalogue.ts";
import { repeatCommand } from "../../tests/support/clause.ts";
import {
  countVerdicts,
  detailOf,
  detailOfClause,
  millisecondsOf,
  type Result,
  type ResultsJson,
  verdictOf,
} from "./results.ts";

function withDetail(detail: string | undefined): { readonly detail?: string } {
  return detail === undefined ? {} : { detail };
}

/** The results in the format of `--json`. */
export function toJson(host: ResultsJson["host"], results: readonly Result[]): ResultsJson {
  return {
    version: 1,
    host,
    counts: countVerdicts(results),
    clauses: results.map((result) => {
      const { clause, executions } = result;
      return {
        id: clause.id,
        sentence: clause.sentence,
        source: sourceOf(clause.id),
        verdict: verdictOf(result),
        ...withDetail(detailOfClause(result)),
        milliseconds: Math.round(millisecondsOf(result)),
        repeat: repeatCommand(clause),
        executions: executions.map(({ execution, verdict, milliseconds }) => ({
          execution,
          verdict: verdict.kind,
          ...withDetail(detailOf(verdict)),
          milliseconds: Math.round(milliseconds),
        })),
      };
    }),
  };
}
