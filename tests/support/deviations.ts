/**
 * Recorded deviations: where a running KVM is known to break a clause. The
 * clause keeps its expectation; a deviation that is absent where it is
 * expected, or present where it is not, fails the suite.
 *
 * @module
 */
import type { Facts } from "./facts.ts";

/** A clause known to be broken somewhere, with the evidence. */
export interface Deviation {
  /** Stable id, `D-01`. */
  readonly id: string;
  /** The clause that is broken. */
  readonly clause: string;
  /** What was seen, on which kernel and vendor. */
  readonly evidence: string;
  /** Why, as far as the kernel's sources tell. */
  readonly cause: string;
  /** Whether it is expected on a host. */
  readonly expected: (facts: Facts) => boolean;
}

const DEVIATIONS: readonly Deviation[] = [];

/** All recorded deviations of a clause. */
export function deviationsOf(clause: string): readonly Deviation[] {
  return DEVIATIONS.filter((deviation) => deviation.clause === clause);
}
