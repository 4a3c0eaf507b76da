/**
 * What `verify` found, as data.
 *
 * @module
 */
import type { Clause, Verdict } from "../../tests/support/clause.ts";
import type { Execution } from "../../tests/support/execution.ts";

/** What was found of a clause under one execution. */
export interface ExecutionResult {
  /** Who executed the guests' accesses. */
  readonly execution: Execution;
  /** What was found. */
  readonly verdict: Verdict;
  /** How long it took, in milliseconds. */
  readonly milliseconds: number;
}

/** One clause with what was found of it under each execution. */
export interface Result {
  /** The clause. */
  readonly clause: Clause;
  /** At least one. */
  readonly executions: readonly ExecutionResult[];
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
    /** The gravest verdict of the executions: `holds` when all hold. */
    readonly verdict: Verdict["kind"];
    /** The reason, the evidence or the failure, where there is one, with the execution's name. */
    readonly detail?: string;
    readonly milliseconds: number;
    readonly repeat: string;
    readonly executions: readonly {
      readonly execution: Execution;
      readonly verdict: Verdict["kind"];
      readonly detail?: string;
      readonly milliseconds: number;
    }[];
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

/** The verdicts from the least grave on. */
const GRAVITY: readonly Verdict["kind"][] = [
  "holds",
  "undecided",
  "known-deviation",
  "deviation-gone",
  "deviates",
  "error",
];

/** Whether a verdict makes the run fail. */
export function isFailure(kind: Verdict["kind"]): boolean {
  return kind === "deviates" || kind === "deviation-gone" || kind === "error";
}

/** The gravest verdict of a clause's executions, so that it holds when all hold. */
export function verdictOf({ executions }: Result): Verdict["kind"] {
  const gravities = executions.map(({ verdict }) => GRAVITY.indexOf(verdict.kind));
  return GRAVITY[Math.max(...gravities)]!;
}

/** How long all executions of a clause took, in milliseconds. */
export function millisecondsOf({ executions }: Result): number {
  return executions.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
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

/**
 * What there is to say of a clause: the details of its executions. Each but a
 * native one that is alone has the execution's name in front, and those of one
 * detail have both.
 */
export function detailOfClause({ executions }: Result): string | undefined {
  const named = Map.groupBy(executions, ({ verdict }) => detailOf(verdict));
  named.delete(undefined);
  if (named.size === 0) return undefined;
  return [...named].map(([detail, group]) =>
    executions.length === 1 && group[0]!.execution === "native"
      ? detail
      : `${group.map(({ execution }) => execution).join(" and ")}: ${detail}`
  ).join("\n");
}

/** How many clauses came to each verdict. */
export function countVerdicts(results: readonly Result[]): Record<Verdict["kind"], number> {
  const counts = Object.fromEntries(VERDICTS.map((kind) => [kind, 0]));
  for (const result of results) counts[verdictOf(result)]! += 1;
  return counts as Record<Verdict["kind"], number>;
}
