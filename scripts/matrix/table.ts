/**
 * The results of many configurations as one table.
 *
 * @module
 */
import type { Verdict } from "../../tests/support/clause.ts";
import { isFailure, type ResultsJson, VERDICTS } from "../verify/results.ts";

/** What came of one configuration. */
export type Column =
  | { readonly name: string; readonly results: ResultsJson }
  /** It died before it had results; the others go on. */
  | { readonly name: string; readonly failure: string };

const CELL: Readonly<Record<Verdict["kind"], string>> = {
  "holds": "ok",
  "known-deviation": "known",
  "deviates": "DEVIATES",
  "deviation-gone": "GONE",
  "error": "ERROR",
  "undecided": "?",
};

type ClauseResult = ResultsJson["clauses"][number];

function find(column: Column, id: string): ClauseResult | undefined {
  return "results" in column
    ? column.results.clauses.find((clause) => clause.id === id)
    : undefined;
}

function cell(column: Column, id: string): string {
  if ("failure" in column) return "died";
  const result = find(column, id);
  return result === undefined ? "-" : CELL[result.verdict];
}

/** Whether anything happened that nobody expected. */
export function hasFailure(columns: readonly Column[]): boolean {
  return columns.some((column) =>
    "failure" in column || column.results.clauses.some(({ verdict }) => isFailure(verdict))
  );
}

/** Every clause that some column has, in the order of the first column that has it. */
function clauseIds(columns: readonly Column[]): string[] {
  const ids = new Set<string>();
  for (const column of columns) {
    if ("results" in column) { for (const { id } of column.results.clauses) ids.add(id); }
  }
  return [...ids];
}

/** Clauses by configuration, with a row of counts for each verdict that occurred. */
export function tableText(columns: readonly Column[]): string {
  const rows: string[][] = [["clause", ...columns.map(({ name }) => name)]];
  for (const id of clauseIds(columns)) {
    rows.push([id, ...columns.map((column) => cell(column, id))]);
  }
  for (const kind of VERDICTS) {
    const counts = columns.map((column) => "results" in column ? column.results.counts[kind] : 0);
    if (counts.some((count) => count > 0)) {
      rows.push([CELL[kind] === "?" ? "undecided" : CELL[kind], ...counts.map(String)]);
    }
  }
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => row.map((text, i) => text.padEnd(widths[i]!)).join("  ").trimEnd())
    .join("\n");
}

/** A line for each execution that does not hold, or one for all that come to the same. */
function notesOf({ id, executions }: ClauseResult): string[] {
  const broken = executions.filter(({ verdict }) => verdict !== "holds");
  const alike = Map.groupBy(
    broken,
    ({ verdict, detail }) =>
      `${CELL[verdict] === "?" ? "undecided" : CELL[verdict]}: ${detail?.split("\n")[0] ?? ""}`,
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
    if ("failure" in column) {
      notes.set(`died: ${column.failure}`, [column.name]);
      continue;
    }
    for (const note of column.results.clauses.flatMap(notesOf)) {
      notes.set(note, [...notes.get(note) ?? [], column.name]);
    }
  }
  return [...notes].map(([note, names]) => `${note}\n    on ${names.join(", ")}`).join("\n");
}
