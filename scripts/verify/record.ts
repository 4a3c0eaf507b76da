/**
 * From what `decide` found of a clause to its record in a result file.
 *
 * @module
 */
import { sourceOf } from "../../tests/support/catalogue.ts";
import { type Clause, repeatCommand, type Verdict } from "../../tests/support/clause.ts";
import type { Execution } from "../../tests/support/execution.ts";
import type { ClauseRecord, ExecutionRecord } from "../results/format.ts";
import { gravest } from "../results/verdicts.ts";
import { asCalled } from "../program.ts";

/** What was found of a clause under one execution. */
export interface Found {
  /** Who executed the guests' accesses. */
  readonly execution: Execution;
  /** What was found. */
  readonly verdict: Verdict;
  /** How long it took, in milliseconds. */
  readonly milliseconds: number;
  /** The guests that were booted for it, the oldest first. */
  readonly guests: readonly Guest[];
}

/** What the record shows of a guest; a `Session` is one. */
export interface Guest {
  /** The loaded program. */
  readonly program: { listing(): string };
  /** The exits since it was loaded. */
  readonly transcript: { readonly count: number; toString(): string };
}

function evidence(
  verdict: Verdict,
): Pick<ExecutionRecord, "again" | "reason" | "deviation" | "failure"> {
  const { kind: _, ...rest } = verdict;
  return {
    ...("again" in rest && { again: rest.again.map(({ message }) => message) }),
    ...("reason" in rest && { reason: rest.reason }),
    ...("deviation" in rest && {
      deviation: {
        id: rest.deviation.id,
        evidence: rest.deviation.evidence,
        cause: rest.deviation.cause,
      },
    }),
    ...("error" in rest && { failure: rest.error.message }),
  };
}

/** The last guest that exited; one that never did has nothing to show. */
function lastGuest(guests: readonly Guest[]): Pick<ExecutionRecord, "guest"> {
  const last = guests.findLast(({ transcript }) => transcript.count > 0);
  if (last === undefined) return {};
  return { guest: { listing: last.program.listing(), exits: `${last.transcript}` } };
}

/**
 * The record of `clause`.
 *
 * @param config The sandbox this is, as `--config` names it; the host by default.
 */
export function recordOf(
  clause: Clause,
  found: readonly Found[],
  config?: string,
): ClauseRecord {
  const executions = found.map((each): ExecutionRecord => ({
    execution: each.execution,
    verdict: each.verdict.kind,
    milliseconds: Math.round(each.milliseconds),
    ...evidence(each.verdict),
    ...lastGuest(each.guests),
  }));
  return {
    id: clause.id,
    sentence: clause.sentence,
    source: sourceOf(clause.id),
    verdict: gravest(executions.map(({ verdict }) => verdict)),
    milliseconds: executions.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
    repeat: asCalled(repeatCommand(clause, config)),
    executions,
  };
}
