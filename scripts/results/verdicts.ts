/**
 * Verdicts: their order, their counts, and what there is to say of them.
 *
 * @module
 */
import type { ClauseRecord, ExecutionRecord, VerdictKind } from "./format.ts";

/** The verdicts, in the order in which they are counted out. */
export const VERDICTS: readonly VerdictKind[] = [
  "holds",
  "known-deviation",
  "deviates",
  "deviation-gone",
  "error",
  "undecided",
];

/** The verdicts from the least grave on. */
const GRAVITY: readonly VerdictKind[] = [
  "holds",
  "undecided",
  "known-deviation",
  "deviation-gone",
  "deviates",
  "error",
];

/** Whether a verdict makes the run fail. */
export function isFailure(kind: VerdictKind): boolean {
  return kind === "deviates" || kind === "deviation-gone" || kind === "error";
}

/** The gravest of at least one verdict. */
export function gravest(verdicts: readonly VerdictKind[]): VerdictKind {
  return GRAVITY[Math.max(...verdicts.map((verdict) => GRAVITY.indexOf(verdict)))]!;
}

/** How many of `verdicts` there are of each kind. */
export function countVerdicts(
  verdicts: readonly { readonly verdict: VerdictKind }[],
): Record<VerdictKind, number> {
  const counts = Object.fromEntries(VERDICTS.map((kind) => [kind, 0]));
  for (const { verdict } of verdicts) counts[verdict]! += 1;
  return counts as Record<VerdictKind, number>;
}

/** What there is to say of an execution's verdict beside its kind. */
export function detailOf(record: ExecutionRecord): string | undefined {
  const { verdict, again, reason, deviation, failure } = record;
  switch (verdict) {
    case "holds":
      return again &&
        `in run ${again.length + 1}, for a signal may have spoiled those before (X-109): ${
          again.map((text) => text.split("\n")[0]).join("; ")
        }`;
    case "known-deviation":
      return `${deviation?.id}: ${deviation?.evidence} ${deviation?.cause}`;
    case "deviation-gone":
      return `${deviation?.id} expects it to be broken here, and it holds`;
    case "undecided":
      return reason;
    case "deviates":
    case "error":
      return failure;
  }
}

/**
 * What there is to say of a clause: the details of its executions. Each but a
 * native one that is alone has the execution's name in front, and those of one
 * detail have both.
 */
export function detailOfClause(
  { executions }: Pick<ClauseRecord, "executions">,
): string | undefined {
  const named = Map.groupBy(executions, detailOf);
  named.delete(undefined);
  if (named.size === 0) return undefined;
  return [...named].map(([detail, group]) =>
    executions.length === 1 && group[0]!.execution === "native"
      ? detail
      : `${group.map(({ execution }) => execution).join(" and ")}: ${detail}`
  ).join("\n");
}
