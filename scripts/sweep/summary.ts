/**
 * A map in a few lines for a terminal.
 *
 * @module
 */
import {
  kindOf,
  KINDS,
  type MsrKind,
  type MsrRecord,
  type MsrWindow,
} from "@trapline/trapline/sweep";
import { type MsrRun, recordsOf, runsOf } from "../../guests/sweep/record.ts";
import { windowText } from "../../guests/sweep/windows.ts";
import { wrap } from "../terminal.ts";
import type { SweepMap } from "./map.ts";
import { msrName } from "./names.ts";

/** How many MSRs of each class there are. */
export function countKinds(runs: readonly MsrRun[]): ReadonlyMap<MsrKind, number> {
  const counts = new Map<MsrKind, number>(
    (Object.keys(KINDS) as MsrKind[]).map((kind) => [kind, 0]),
  );
  for (const { first, last, record } of runs) {
    const kind = kindOf(record);
    counts.set(kind, counts.get(kind)! + last - first + 1);
  }
  return counts;
}

function nameOf(window: MsrWindow): string {
  const name = window.first === window.last ? msrName(window.first) : undefined;
  return name === undefined ? windowText(window) : `${name} (${windowText(window)})`;
}

/** The spans of MSRs of which `found` gives the same text, by that text. */
export function spansBy(
  map: Pick<SweepMap, "runs">,
  found: (record: MsrRecord) => string | undefined,
): ReadonlyMap<string, readonly MsrWindow[]> {
  const marked = new Map<number, MsrRecord>();
  const texts = new Map<number, string>();
  for (const [index, record] of recordsOf(map)) {
    const text = found(record);
    if (text === undefined) continue;
    // Joined by the text alone, so the rest of the record must be the same for all.
    marked.set(index, { read: "done", leftOut: text });
    texts.set(index, text);
  }
  return Map.groupBy(runsOf(marked), ({ first }) => texts.get(first)!);
}

/** The accesses that a filter of denial did not deny. */
export function notFilterable({ filterable }: MsrRecord): string | undefined {
  const kinds = (["read", "write"] as const).filter((kind) => filterable?.[kind] === false);
  return kinds.length === 0 ? undefined : `not filterable (${kinds.join(", ")})`;
}

/** The accesses that make no exit. */
export function passedThrough({ passedThrough }: MsrRecord): string | undefined {
  const kinds = (["read", "write"] as const).filter((kind) => passedThrough?.[kind] === true);
  return kinds.length === 0 ? undefined : `passed through (${kinds.join(", ")})`;
}

const REMARKS: readonly ((record: MsrRecord) => string | undefined)[] = [
  notFilterable,
  passedThrough,
  (record) => kindOf(record) === "ended" || record.bits?.ended ? "ended the guest" : undefined,
  ({ unrestored }) => unrestored && "not restored by writing the value back",
];

/** The summary, its lines of at most `width` columns. */
export function summaryText(map: SweepMap, width: number): string {
  const lines: string[] = [];
  for (const [kind, count] of countKinds(map.runs)) {
    if (count > 0) lines.push(`${count.toLocaleString("en").padStart(8)}  ${KINDS[kind]}`);
  }
  const list = (title: string, spans: readonly MsrWindow[]): void => {
    const texts = spans.map(nameOf).join(", ");
    lines.push(`  ${title}:`, ...wrap(texts, width - 6).map((line) => `      ${line}`));
  };
  for (const remark of REMARKS) {
    for (const [text, spans] of spansBy(map, remark)) list(text, spans);
  }
  const leftOut = spansBy(map, (record) => record.leftOut);
  if (leftOut.size > 0) {
    lines.push("Dangerous writes, left out (--dangerous makes them):");
    for (const [why, spans] of leftOut) list(why, spans);
  }
  return [...lines, ...map.notes.map((note) => `Note: ${note}`)].join("\n");
}
