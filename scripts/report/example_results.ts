/**
 * Results made up for tests: the clauses of the catalogue and as many more as
 * are asked for, with every verdict among them.
 *
 * @module
 */
import { catalogueIds } from "../../tests/support/catalogue.ts";
import { exampleRun, exampleSearch } from "../results/example_runs.ts";
import type { VerdictKind } from "../results/format.ts";
import type { Source } from "../results/merge.ts";

function clauseIds(count: number): string[] {
  const ids = catalogueIds();
  for (let number = 1; ids.length < count; number++) ids.push(`X-${1000 + number}`);
  return ids.slice(0, count);
}

/** The verdicts of a clause: mostly it holds, and which others there are does not depend on chance. */
function verdictsOf(row: number, column: number): VerdictKind | readonly VerdictKind[] {
  const number = row * 7 + column * 13;
  if (number % 41 === 5) return "known-deviation";
  if (number % 29 === 7) return "undecided";
  if (number % 211 === 9) return ["holds", "deviates"];
  if (number % 499 === 11) return ["deviation-gone", "error"];
  return ["holds", "holds"];
}

/**
 * Results of `clauses` clauses on `configurations` configurations: the first
 * has a second run that came to something else in one clause, the last a
 * clause without a result and a run that died, and there is a search.
 */
export function exampleResults(clauses: number, configurations: number): Source[] {
  const ids = clauseIds(clauses);
  const names = Array.from({ length: configurations }, (_, i) => i === 0 ? "host" : `amd 6.${i}`);
  const runs = names.map((name, column) =>
    exampleRun(name, Object.fromEntries(ids.map((id, row) => [id, verdictsOf(row, column)])))
  );
  const again = exampleRun("host", { [ids[1]!]: "deviates" });
  const last = runs.at(-1)!;
  const selected = [...last.selected, "X-5000"];
  const died = {
    kind: "died",
    configuration: last.configuration,
    made: last.made,
    failure: "Kernel panic",
  } as const;
  return [
    { path: "matrix.json", runs: [...runs.slice(0, -1), { ...last, selected }] },
    { path: "again.json", runs: [{ ...again, made: "2026-02-01T09:00:00.000Z" }, died] },
    { path: "fuzz.json", runs: [exampleSearch("host")] },
  ];
}
