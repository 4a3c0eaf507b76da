/**
 * Whether the known bugs were seen on the configurations that were run.
 *
 * @module
 */
import type { KnownBug } from "../../tests/support/known_bugs.ts";
import type { Column } from "../matrix/table.ts";
import { isFailure } from "../results/verdicts.ts";

/** What the clauses of `bug` say of it on one configuration. */
export function bugVerdict(bug: KnownBug, column: Column): string {
  if (bug.clauses.length === 0) return "not decidable";
  if (column.kind === "died") return "**died**";
  const executions = column.clauses.filter(({ id }) => bug.clauses.includes(id))
    .flatMap(({ executions }) => executions);
  if (executions.length === 0) return "not run";
  const shownBy = executions.flatMap(({ verdict, deviation }) =>
    verdict === "known-deviation" && deviation !== undefined ? [deviation.id] : []
  ).filter((id) => bug.deviations?.includes(id));
  if (shownBy.length > 0) return `seen, ${[...new Set(shownBy)].join(", ")}`;
  if (executions.some(({ verdict }) => isFailure(verdict))) return "**to be looked at**";
  if (!executions.some(({ verdict }) => verdict === "holds")) return "undecided";
  return bug.isPromised ? "seen, as the clause has it" : "not seen";
}
