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

/** What everything comes to. */
export interface Headline {
  /** Whether all is well, nothing is known, or somebody has to look. */
  readonly state: "calm" | "open" | "alarm";
  /** The one sentence that matters most. */
  readonly text: string;
}

/** How much of the matrix nobody asked for, if that is anything. */
export function unselectedText(counts: ReadonlyMap<CellKind, number>): string | undefined {
  const left = counts.get("unselected") ?? 0;
  return left === 0 ? undefined : `${plural(left, "result was", "results were")} not asked for.`;
}

/** What `merged`, whose cells are of these kinds, comes to. */
export function headline(
  { configurations, searches }: Merged,
  counts: ReadonlyMap<CellKind, number>,
): Headline {
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
  if (parts.length > 0) return { state: "alarm", text: `To be looked at: ${parts.join(", ")}.` };
  if (configurations.length === 0 && searches.length > 0) {
    return { state: "calm", text: "No search found a disagreement." };
  }
  const known = of("known-deviation");
  if (of("holds") + known === 0) return { state: "open", text: "No clause was decided." };
  const but = known === 0
    ? ""
    : `, but for ${plural(known, "known deviation")}, recorded with evidence and cause`;
  return { state: "calm", text: `Every promise that could be decided is kept${but}.` };
}

/** The report for a terminal: the sentence, and what is missing or contradictory. */
export function reportText(merged: Merged): string {
  const ids = clausesOf(merged).map(({ id }) => id);
  const counts = totalCounts(merged.configurations, ids);
  const of = `${plural(ids.length, "clause")} on ${
    plural(merged.configurations.length, "configuration")
  }`;
  const sentences = [`${of}.`, headline(merged, counts).text, unselectedText(counts) ?? []].flat();
  return [sentences.join(" "), ...merged.problems].join("\n");
}
