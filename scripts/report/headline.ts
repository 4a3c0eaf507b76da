/**
 * What all results come to, in a sentence.
 *
 * @module
 */
import type { Configuration, Merged } from "../results/merge.ts";
import { clausesOf } from "./cell_data.ts";
import { type CellKind, countKinds } from "./kinds.ts";

/** Counts over all configurations. */
export function totalCounts(
  configurations: readonly Configuration[],
  ids: readonly string[],
): ReadonlyMap<CellKind, number> {
  const totals = new Map<CellKind, number>();
  for (const configuration of configurations) {
    for (const [kind, count] of countKinds(configuration, ids)) {
      totals.set(kind, (totals.get(kind) ?? 0) + count);
    }
  }
  return totals;
}

/** A count with its word. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** The one sentence that matters most, and how much was left out of it. */
export function headline(
  merged: Merged,
  counts: ReadonlyMap<CellKind, number>,
): string {
  const left = counts.get("unselected") ?? 0;
  const note = left === 0 ? "" : ` ${plural(left, "result was", "results were")} not asked for.`;
  return `${outcome(merged, counts)}${note}`;
}

function outcome(
  { configurations, searches }: Merged,
  counts: ReadonlyMap<CellKind, number>,
): string {
  const of = (kind: CellKind): number => counts.get(kind) ?? 0;
  const disagreements = searches.reduce((sum, { disagreements }) => sum + disagreements.length, 0);
  const died = configurations.reduce((sum, { died }) => sum + died.length, 0);
  const parts = [
    ...(of("deviates") > 0 ? [`${plural(of("deviates"), "unexpected deviation")}`] : []),
    ...(of("deviation-gone") > 0
      ? [`${plural(of("deviation-gone"), "recorded deviation")} gone`]
      : []),
    ...(of("error") > 0 ? [`${plural(of("error"), "error")}`] : []),
    ...(of("flaky") > 0 ? [`${plural(of("flaky"), "flaky result")}`] : []),
    ...(of("missing") > 0 ? [`${plural(of("missing"), "missing result")}`] : []),
    ...(died > 0 ? [`${plural(died, "run")} died`] : []),
    ...(disagreements > 0 ? [`${plural(disagreements, "disagreement")} found by search`] : []),
  ];
  if (parts.length > 0) return `To be looked at: ${parts.join(", ")}.`;
  if (configurations.length === 0 && searches.length > 0) {
    return "No search found a disagreement.";
  }
  if (of("holds") === 0) return "No clause was decided.";
  const known = of("known-deviation");
  return known === 0
    ? "Every promise that could be decided is kept."
    : `Every promise that could be decided is kept, but for ${
      plural(known, "known deviation")
    }, recorded with evidence and cause.`;
}

/** The report for a terminal: the sentence, and what is missing or contradictory. */
export function reportText(merged: Merged): string {
  const ids = clausesOf(merged).map(({ id }) => id);
  const counts = totalCounts(merged.configurations, ids);
  const of = `${plural(ids.length, "clause")} on ${
    plural(merged.configurations.length, "configuration")
  }`;
  return [`${of}. ${headline(merged, counts)}`, ...merged.problems].join("\n");
}
