/**
 * What `verify` found, as data.
 *
 * @module
 */
import type { Clause, Verdict } from "../../tests/support/clause.ts";

/** One clause with its verdict. */
export interface Result {
  /** The clause. */
  readonly clause: Clause;
  /** What was found. */
  readonly verdict: Verdict;
  /** How long it took, in milliseconds. */
  readonly milliseconds: number;
}

/** The format of `--json`. */
export interface ResultsJson {
  /** Version of this format. */
  readonly version: 1;
  /** The host that was asked. */
  readonly host: {
    readonly kernel: string;
    readonly cpu: string;
    readonly modules: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  /** How many clauses came to each verdict. */
  readonly counts: Readonly<Record<Verdict["kind"], number>>;
  /** Every clause in the order of its id. */
  readonly clauses: readonly {
    readonly id: string;
    readonly sentence: string;
    readonly source: string;
    readonly verdict: Verdict["kind"];
    /** The reason, the evidence or the failure, where there is one. */
    readonly detail?: string;
    readonly milliseconds: number;
    readonly repeat: string;
  }[];
}

/** The verdicts, in the order in which they are counted out. */
export const VERDICTS: readonly Verdict["kind"][] = [
  "holds",
  "known-deviation",
  "deviates",
  "deviation-gone",
  "error",
  "undecided",
];

/** Whether a verdict makes the run fail. */
export function isFailure(kind: Verdict["kind"]): boolean {
  return kind === "deviates" || kind === "deviation-gone" || kind === "error";
}

/** What there is to say of a verdict beside its kind. */
export function detailOf(verdict: Verdict): string | undefined {
  switch (verdict.kind) {
    case "holds":
      return undefined;
    case "known-deviation":
      return `${verdict.deviation.id}: ${verdict.deviation.evidence} ${verdict.deviation.cause}`;
    case "deviation-gone":
      return `${verdict.deviation.id} expects it to be broken here, and it holds`;
    case "undecided":
      return verdict.reason;
    case "deviates":
    case "error":
      return verdict.error.message;
  }
}

/** How many results came to each verdict. */
export function countVerdicts(results: readonly Result[]): Record<Verdict["kind"], number> {
  const counts = Object.fromEntries(VERDICTS.map((kind) => [kind, 0]));
  for (const { verdict } of results) counts[verdict.kind]! += 1;
  return counts as Record<Verdict["kind"], number>;
}
