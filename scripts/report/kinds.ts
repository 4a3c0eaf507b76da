/**
 * What a cell of the report can be, and how it is written.
 *
 * @module
 */
import type { VerdictKind } from "../results/format.ts";
import type { Cell } from "../results/cells.ts";
import type { Configuration } from "../results/merge.ts";
import { isFailure } from "../results/verdicts.ts";

/** A verdict, or why there is none. */
export type CellKind = VerdictKind | "flaky" | "missing" | "unselected";

/** How a kind is written. */
interface Writing {
  /** In a cell. */
  readonly cell: string;
  /** In a sentence. */
  readonly word: string;
  /** In the list of what each means. */
  readonly about: string;
  /** In the data of a row, where each cell is one letter. */
  readonly letter: string;
}

/** The kinds, in the order in which they are counted out. */
export const KINDS: Readonly<Record<CellKind, Writing>> = {
  "holds": { cell: "ok", word: "holds", about: "the promise is kept", letter: "h" },
  "known-deviation": {
    cell: "known",
    word: "known deviation",
    about: "it is broken, and a recorded deviation expects that here",
    letter: "k",
  },
  "deviates": {
    cell: "DEV",
    word: "deviates",
    about: "it is broken, and nobody expected it",
    letter: "d",
  },
  "deviation-gone": {
    cell: "GONE",
    word: "deviation gone",
    about: "it is kept, and a recorded deviation expects it to be broken here",
    letter: "g",
  },
  "error": {
    cell: "ERR",
    word: "error",
    about: "the test failed before it could decide",
    letter: "e",
  },
  "flaky": {
    cell: "FLAKY",
    word: "flaky",
    about: "runs on the same configuration came to different verdicts",
    letter: "f",
  },
  "undecided": { cell: "?", word: "undecided", about: "it cannot be decided there", letter: "u" },
  "missing": {
    cell: "none",
    word: "missing",
    about: "it was selected, and there is no result",
    letter: "m",
  },
  "unselected": { cell: "-", word: "not selected", about: "it was not to be decided", letter: "n" },
};

/** What a cell of `configuration` is. */
export function kindOf({ cells, missing }: Configuration, id: string): CellKind {
  const cell: Cell | undefined = cells.get(id);
  if (cell !== undefined) return cell.verdict;
  return missing.includes(id) ? "missing" : "unselected";
}

/** Whether somebody has to look at it. */
export function needsAttention(kind: CellKind): boolean {
  return kind === "flaky" || kind === "missing" ||
    (kind !== "unselected" && isFailure(kind));
}

/** How many cells of `configuration` are of each kind, among the clauses `ids`. */
export function countKinds(
  configuration: Configuration,
  ids: readonly string[],
): ReadonlyMap<CellKind, number> {
  const counts = new Map<CellKind, number>();
  for (const id of ids) {
    const kind = kindOf(configuration, id);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
