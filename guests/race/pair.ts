/**
 * Two filters that take turns, the accesses that are made meanwhile, and what
 * may come of each.
 *
 * @module
 */
import { formatMsr } from "../../kvm/abi/msr.ts";
import type { MsrFilter } from "../../kvm/msr_filter.ts";
import type { MsrValue } from "../../kvm/msrs.ts";
import { filterAllows } from "../oracle/model.ts";

/** An access that the guests of a race repeat. */
export interface RaceAccess {
  /** Read or write. */
  readonly kind: "read" | "write";
  /** The MSR index. */
  readonly index: number;
  /** What a read must give, by default anything; what a write writes, 0 by default. */
  readonly value?: bigint | undefined;
}

/** Two filters that take turns, and what is accessed meanwhile. */
export interface RacePair {
  /** The filter that is in force first. */
  readonly a: MsrFilter;
  /** The filter that takes its place, and gives it back. */
  readonly b: MsrFilter;
  /**
   * What the guests access, round and round; each must complete wherever a filter allows it, or it
   * is taken for a violation. Accesses that both allow and such that both deny tell most.
   */
  readonly accesses: readonly RaceAccess[];
  /** What the MSRs hold before; writes that a filter allows must leave them so. None by default. */
  readonly msrs?: readonly MsrValue[];
}

/** An access, and which of the two filters let it pass. */
export interface RaceProbe extends RaceAccess {
  /** Whether filter A allows it. */
  readonly a: boolean;
  /** Whether filter B allows it. */
  readonly b: boolean;
}

/** What filter is in force; "A to B" from before the ioctl that sets B until it has returned. */
export type RacePhase = "A" | "A to B" | "B" | "B to A";

/** All of them, as a guest's counts are laid out. */
export const PHASES: readonly RacePhase[] = ["A", "A to B", "B", "B to A"];

/** How an access came out: "wrong" passed and read another value than the right one. */
export type Outcome = "pass" | "trap" | "wrong";

/** All of them, as a guest's counts are laid out. */
export const OUTCOMES: readonly Outcome[] = ["pass", "trap", "wrong"];

/** The most accesses in one round. */
const MAX_ACCESSES = 1000;

/**
 * The accesses of `pair` with what the oracle says of each.
 *
 * @throws {RangeError} When there are none, or more than a guest's list holds.
 */
export function probesOf({ a, b, accesses }: RacePair): RaceProbe[] {
  if (accesses.length < 1 || accesses.length > MAX_ACCESSES) {
    throw new RangeError(`Cannot race with ${accesses.length} accesses: 1 to ${MAX_ACCESSES}`);
  }
  const [rawA, rawB] = [a.raw(), b.raw()];
  return accesses.map((access) => {
    const { kind, index } = access;
    return {
      ...access,
      a: filterAllows(rawA, { kind, index }),
      b: filterAllows(rawB, { kind, index }),
    };
  });
}

/**
 * The share of `probes` that tells a window without a filter, or of those that
 * tell one with a half-built filter, whichever is smaller.
 */
export function tellingShare(probes: readonly RaceProbe[]): number {
  const agreed = [true, false].map((verdict) =>
    probes.filter(({ a, b }) => a === verdict && b === verdict).length
  );
  return Math.min(...agreed) / probes.length;
}

/** What may come of `probe` in `phase`. */
export function allowedOutcomes({ a, b }: RaceProbe, phase: RacePhase): readonly Outcome[] {
  const verdicts = phase === "A" ? [a] : phase === "B" ? [b] : [a, b];
  return verdicts.map((allowed) => allowed ? "pass" : "trap");
}

const IN_PHASE: Readonly<Record<RacePhase, string>> = {
  "A": "with A in force",
  "A to B": "while A was replaced by B",
  "B": "with B in force",
  "B to A": "while B was replaced by A",
};

/** In words, what came of `probe` and should not have. */
export function violationText(
  { kind, index, value = 0n, a, b }: RaceProbe,
  outcome: Outcome,
  phase: RacePhase,
): string {
  const what = {
    pass: "passed",
    trap: "trapped",
    wrong: `gave another value than 0x${value.toString(16)}`,
  }[outcome];
  const verdict = (allows: boolean): string => allows ? "allows" : "denies";
  return `${kind} of ${formatMsr(index)} ${what} ${IN_PHASE[phase]} ` +
    `(A ${verdict(a)}, B ${verdict(b)} it)`;
}
