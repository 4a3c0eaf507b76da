/**
 * The difference between two maps for a terminal.
 *
 * @module
 */
import { type Change, type ChangeKind, CHANGES } from "@trapline/trapline/sweep";
import { windowText } from "../../guests/sweep/windows.ts";
import { type Comparison, differentNotes } from "./compare_maps.ts";
import type { SweepMap } from "./map.ts";
import { msrName } from "./names.ts";

/** The host of a map in one line. */
export function hostText({ host }: SweepMap): string {
  return [`Linux ${host.kernel}`, host.cpu, host.modules.join(" ")]
    .filter((part) => part !== "").join(", ");
}

/** `IA32_SYSENTER_CS (0x174)`, or the range. */
export function titleOf(window: { readonly first: number; readonly last: number }): string {
  const first = msrName(window.first);
  const where = windowText(window);
  if (first === undefined) return where;
  if (window.first === window.last) return `${first} (${where})`;
  const last = msrName(window.last);
  return last === undefined || last === first ? where : `${first} to ${last} (${where})`;
}

function changeText(change: Change): string {
  const lines = change.differences.map(({ what, before, after }) =>
    `      ${what}: ${before} -> ${after}`
  );
  return [`    ${titleOf(change)}`, ...lines].join("\n");
}

/** How many MSRs there are of each class. */
export function countChanges(runs: readonly Change[]): ReadonlyMap<ChangeKind, number> {
  const counts = new Map<ChangeKind, number>(
    (Object.keys(CHANGES) as ChangeKind[]).map((kind) => [kind, 0]),
  );
  for (const { first, last, kind } of runs) counts.set(kind, counts.get(kind)! + last - first + 1);
  return counts;
}

/** The whole difference. */
export function comparisonText(comparison: Comparison): string {
  const { before, after, runs, changes, onlyInOne } = comparison;
  const counts = countChanges(runs);
  const groups = [...Map.groupBy(changes, ({ kind }) => kind)].map(([kind, group]) =>
    [`  ${counts.get(kind)} ${CHANGES[kind]}:`, ...group.map(changeText)].join("\n")
  );
  return [
    `A: ${hostText(before)}`,
    `B: ${hostText(after)}`,
    ...differentNotes(comparison).map((note) => `Note on ${note}`),
    ...groups,
    ...(onlyInOne === 0 ? [] : [`${onlyInOne} MSRs are in one of the maps only`]),
    `${counts.get("same")} known MSRs do the same, ${counts.get("unknown")} are unknown to both`,
  ].join("\n");
}
