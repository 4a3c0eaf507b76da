/**
 * Results in the format of `--json`.
 *
 * @module
 */
import { repeatCommand, sourceOf } from "../../tests/support/clause.ts";
import { countVerdicts, detailOf, type Result, type ResultsJson } from "./results.ts";

/** The results in the format of `--json`. */
export function toJson(host: ResultsJson["host"], results: readonly Result[]): ResultsJson {
  return {
    version: 1,
    host,
    counts: countVerdicts(results),
    clauses: results.map(({ clause, verdict, milliseconds }) => {
      const detail = detailOf(verdict);
      return {
        id: clause.id,
        sentence: clause.sentence,
        source: sourceOf(clause.id),
        verdict: verdict.kind,
        ...(detail === undefined ? {} : { detail }),
        milliseconds: Math.round(milliseconds),
        repeat: repeatCommand(clause),
      };
    }),
  };
}
