/**
 * What is recorded of a deviation, and where one is expected.
 *
 * @module
 */
import type { Execution } from "./execution.ts";
import { type Facts, facts } from "./facts.ts";

/** A clause known to be broken somewhere, with the evidence. */
export interface Deviation {
  /** Stable id, `D-01`. */
  readonly id: string;
  /** The clause that is broken. */
  readonly clause: string;
  /** The execution that breaks it, where the other one keeps it; both by default. */
  readonly execution?: Execution;
  /** What was seen, on which kernel and vendor. */
  readonly evidence: string;
  /** How the clause's failure reads then; one that reads otherwise is a finding. */
  readonly seen: RegExp;
  /** Why, as far as the kernel's sources tell. */
  readonly cause: string;
  /** Whether it is expected on a host. */
  readonly expected: (facts: Facts) => boolean;
}

/** The one of `recorded` that is expected on this host under `execution`. */
export function expectedDeviation(
  recorded: readonly Deviation[],
  execution: Execution,
): Deviation | undefined {
  return recorded.find((each) =>
    (each.execution ?? execution) === execution && each.expected(facts())
  );
}
