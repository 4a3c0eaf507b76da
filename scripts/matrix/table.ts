/**
 * The results of many configurations as one table.
 *
 * @module
 */
import type { ClauseRecord, DiedRun, VerdictKind, VerifyRun } from "../results/format.ts";
import { detailOf, isFailure, VERDICTS } from "../results/verdicts.ts";

/** What came of one configuration: it may have died before it had results; the others go on. */
export type Column = VerifyRun | DiedRun;

const CELL: Readonly<Record<VerdictKind, string>> = {
  "holds": "ok",
  "known-deviation": "known",
  "deviates": "DEVIATES",
  "deviation-gone": "GONE",
  "error": "ERROR",
  "undecided": "?",
};

function cell(column: Column, id: string): string {
  if (column.kind === "died") return "died";
  const result = column.clauses.find((clause) => clause.id === id);
  return result === undefined ? "-" : CELL[result.verdict];
}

/** Whether anything happened that nobody expected. */
export function hasFailure(columns: readonly Column[]): boolean {
  return columns.some((column) =>
    column.kind === "died" || column.clauses.some(({ verdict }) => isFailure(verdict))
  );
}

/** Every clause that some column has, in the order of the first column that has it. */
function clauseIds(columns: readonly Column[]): string[] {
  const ids = new Set<string>();
  for (const column of columns) {
    if (column.kind === "verify") { for (const { id } of column.clauses) ids.add(id); }
  }
  return [...ids];
}

/** Clauses by configuration, with a row of counts for each verdict that occurred. */
export function tableText(columns: readonly Column[]): string {
  const rows: string[][] = [["clause", ...columns.map(({ configuration }) => configuration)]];
  for (const id of clauseIds(columns)) {
    rows.push([id, ...columns.map((column) => cell(column, id))]);
  }
  for (const kind of VERDICTS) {
    const counts = columns.map((column) => column.kind === "verify" ? column.counts[kind] : 0);
    if (counts.some((count) => count > 0)) {
      rows.push([CELL[kind] === "?" ? "undecided" : CELL[kind], ...counts.map(String)]);
    }
  }
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => row.map((text, i) => text.padEnd(widths[i]!)).join("  ").trimEnd())
    .join("\n");
}

/** A line for each execution that does not hold, or one for all that come to the same. */
function notesOf({ id, executions }: ClauseRecord): string[] {
  const broken = executions.filter(({ verdict }) => verdict !== "holds");
  const alike = Map.groupBy(
    broken,
    (execution) => {
      const { verdict } = execution;
      const detail = detailOf(execution)?.split("\n")[0] ?? "";
      return `${verdict === "undecided" ? verdict : CELL[verdict]}: ${detail}`;
    },
  );
  return [...alike].map(([text, group]) =>
    group.length === executions.length
      ? `${id} ${text}`
      : `${id} (${group.map(({ execution }) => execution).join(", ")}) ${text}`
  );
}

/** What there is to say of every cell that is not simply "ok", alike ones together. */
export function notesText(columns: readonly Column[]): string {
  const notes = new Map<string, string[]>();
  for (const column of columns) {
    const { configuration } = column;
    if (column.kind === "died") {
      notes.set(`died: ${column.failure}`, [configuration]);
      continue;
    }
    for (const note of column.clauses.flatMap(notesOf)) {
      notes.set(note, [...notes.get(note) ?? [], configuration]);
    }
  }
  return [...notes].map(([note, names]) => `${note}\n    on ${names.join(", ")}`).join("\n");
}
