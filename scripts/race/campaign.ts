/**
 * All races one after the other, round by round: each has fresh VMs.
 *
 * @module
 */
import type { Kvm } from "@trapline/trapline";
import {
  logOfMissing,
  raceClosing,
  raceFilters,
  raceMsrIoctls,
  type RaceResult,
  raceVcpuCreation,
  type RunOptions,
  type SwapResult,
} from "@trapline/trapline/race";

/** The window whose probability of being missed is worked out, in microseconds. */
export const WINDOW_US = 100;

/** Seconds of one round, at most. */
const ROUND_SECONDS = 10;

/** One race of every round. */
interface RaceKind {
  /** What changes, and under what. */
  readonly name: string;
  /** The share of the time that it has. */
  readonly share: number;
  readonly run: (kvm: Kvm, options: RunOptions) => Promise<RaceResult | SwapResult>;
}

/** The races of one round. */
export const KINDS: readonly RaceKind[] = [
  {
    name: "filters swapped, #GP",
    share: 0.3,
    run: (kvm, options) => raceFilters(kvm, { ...options, trap: "gp" }),
  },
  {
    name: "filters swapped, exits",
    share: 0.3,
    run: (kvm, options) => raceFilters(kvm, { ...options, trap: "exit" }),
  },
  { name: "while vCPUs are made", share: 0.2, run: raceVcpuCreation },
  { name: "while the host accesses", share: 0.1, run: raceMsrIoctls },
  {
    name: "while the VM is closed",
    share: 0.1,
    run: (kvm, options) => raceClosing(kvm, { ...options, trap: "exit" }),
  },
];

/** One race that is to be run. */
export interface PlannedRace extends RaceKind {
  /** For how long. */
  readonly seconds: number;
}

/** The rounds that `seconds` come to, all of the same length. */
export function roundsFor(seconds: number): readonly PlannedRace[][] {
  const count = Math.ceil(seconds / ROUND_SECONDS);
  return Array.from(
    { length: count },
    () => KINDS.map((kind) => ({ ...kind, seconds: seconds * kind.share / count })),
  );
}

/** What all races of one kind came to. */
export interface Total {
  readonly name: string;
  /** How long they went on. */
  readonly seconds: number;
  readonly accesses: number;
  readonly swaps: number;
  /** Each kind in one line. */
  readonly violations: readonly string[];
}

/** `total` with one more race. */
export function added(total: Total, result: RaceResult): Total {
  return {
    name: total.name,
    seconds: total.seconds + result.seconds,
    accesses: total.accesses + result.accesses,
    swaps: total.swaps + result.swaps,
    violations: [...total.violations, ...result.violations],
  };
}

/** The natural logarithm of the probability that `result` says of a window; 0 of none. */
export function logOf(result: RaceResult | SwapResult): number {
  return "tellingShare" in result ? logOfMissing(result, WINDOW_US) : 0;
}
