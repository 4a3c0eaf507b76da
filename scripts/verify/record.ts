/**
 * From what `decide` found of a clause to its record in a result file.
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";
import type { Transcript } from "../../guests/transcript.ts";
import { madeMsrExits } from "../../guests/witness.ts";
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

/** A program with its exits; a `Session` is one. */
export interface Ran {
  /** The program. */
  readonly program: { listing(): string };
  /** The exits since it was loaded. */
  readonly transcript: Pick<Transcript, "exits" | "count" | "toString">;
}

/** A guest; a `Witness` is one. */
export interface Guest {
  /** What it ran last. */
  readonly session: Ran;
  /** What it ran last before that and made MSR exits. */
  readonly msrExits: Ran | undefined;
}

function evidence(
  verdict: Verdict,
): Pick<ExecutionRecord, "again" | "reason" | "deviation" | "failure"> {
  const { kind: _, ...rest } = verdict;
  return {
    ...("again" in rest &&
      { again: rest.again.map(({ message }) => stripVTControlCharacters(message)) }),
    ...("reason" in rest && { reason: rest.reason }),
    ...("deviation" in rest && {
      deviation: {
        id: rest.deviation.id,
        evidence: rest.deviation.evidence,
        cause: rest.deviation.cause,
      },
    }),
    // Assertions may colour what they say.
    ...("error" in rest && { failure: stripVTControlCharacters(rest.error.message) }),
  };
}

/** Lines of a program that are kept. */
const LISTED = 96;

function listingOf({ program }: Ran): string {
  const lines = program.listing().split("\n");
  const rest = lines.length - LISTED;
  return rest > 0 ? [...lines.slice(0, LISTED), `(${rest} more)`].join("\n") : lines.join("\n");
}

/**
 * What tells most: of a failure, what ran last; else the last that made MSR
 * exits, since many a body ends with a program to see that nothing exits.
 * Where there is none, the last that exited at all.
 */
function tellingRun(guests: readonly Guest[], failed: boolean): Ran | undefined {
  const last = guests.findLast(({ session }) => session.transcript.count > 0)?.session;
  if (failed) return last;
  const runs = guests.flatMap(({ session, msrExits }) => [msrExits ?? [], session].flat());
  return runs.findLast(({ transcript }) => madeMsrExits(transcript)) ?? last;
}

function guestOf({ guests, verdict }: Found): Pick<ExecutionRecord, "guest"> {
  const run = tellingRun(guests, "error" in verdict);
  return run === undefined
    ? {}
    : { guest: { listing: listingOf(run), exits: `${run.transcript}` } };
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
    ...guestOf(each),
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
