/**
 * The map from the promises to their tests, as a page in Markdown.
 *
 * @module
 */
import type { KnownBug } from "../../tests/support/known_bugs.ts";
import type { Column } from "../matrix/table.ts";
import type { VerdictKind } from "../results/format.ts";
import { detailOfClause } from "../results/verdicts.ts";
import { asCalled } from "../program.ts";
import { bugVerdict } from "./bugs.ts";

/** One clause of the map. */
export interface MappedClause {
  /** Id, `F-05`. */
  readonly id: string;
  /** The promise. */
  readonly sentence: string;
  /** Where it comes from. */
  readonly source: string;
  /** The file of its test. */
  readonly file: string;
}

const WORD: Readonly<Record<VerdictKind, string>> = {
  "holds": "holds",
  "known-deviation": "deviates, as recorded",
  "deviates": "**deviates**",
  "deviation-gone": "**holds, against the record**",
  "error": "**error**",
  "undecided": "undecided",
};

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(cell).join(" | ")} |`;
}

function verdictOn(column: Column, id: string): string {
  if (column.kind === "died") return "**died**";
  const found = column.clauses.find((clause) => clause.id === id);
  return found === undefined ? "not run" : WORD[found.verdict];
}

/** What cannot be read from a cell: why a clause is undecided or deviates, and where. */
function notes(columns: readonly Column[]): string[] {
  const where = new Map<string, string[]>();
  for (const column of columns) {
    if (column.kind === "died") continue;
    for (const clause of column.clauses) {
      const detail = detailOfClause(clause);
      if (detail === undefined) continue;
      const note = `**${clause.id}**: ${detail.split("\n").join(" ")}`;
      where.set(note, [...where.get(note) ?? [], column.configuration]);
    }
  }
  return [...where].map(([note, names]) => `- ${note} (${names.join(", ")})`);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [row(heads), row(heads.map(() => "---")), ...rows.map(row)];
}

function bugsTable(bugs: readonly KnownBug[], columns: readonly Column[]): string[] {
  const names = columns.map(({ configuration }) => configuration);
  return table(
    ["Bug", "What is wrong", "Kernels", "Clauses", ...names],
    bugs.map((bug) => [
      bug.id,
      bug.remark === undefined ? bug.title : `${bug.title}. ${bug.remark}`,
      bug.kernels,
      bug.clauses.join(", "),
      ...columns.map((column) => bugVerdict(bug, column)),
    ]),
  );
}

/**
 * The page for `clauses`, and for the known `bugs` that they decide, with a
 * column for each configuration that was run.
 */
export function clausesPage(
  clauses: readonly MappedClause[],
  bugs: readonly KnownBug[],
  columns: readonly Column[],
): string {
  const names = columns.map(({ configuration }) => configuration);
  const explained = notes(columns);
  return [
    "# The clauses",
    "",
    `${clauses.length} promises of KVM about MSR filtering: where each comes from, which file tests`,
    columns.length === 0
      ? asCalled("it. No results were given: `deno task matrix` makes them.")
      : "it, and what came of it on each configuration when that was last run.",
    "",
    ...table(
      ["Clause", "Promise", "Source", "Test", ...names],
      clauses.map(({ id, sentence, source, file }) => [
        id,
        sentence,
        source,
        `[${file.split("/").at(-1)}](${file})`,
        ...columns.map((column) => verdictOn(column, id)),
      ]),
    ),
    "",
    "## Bugs that kernels have or had",
    "",
    ...bugsTable(bugs, columns),
    ...(explained.length === 0 ? [] : ["", "## Why", "", ...explained]),
    "",
  ].join("\n");
}
