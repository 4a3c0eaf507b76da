import { assertEquals } from "@std/assert";
import { exampleRun, exampleSearch } from "../results/example_runs.ts";
import type { Run, VerdictKind } from "../results/format.ts";
import { mergeResults } from "../results/merge.ts";
import { exampleResults } from "./example_results.ts";
import { reportText } from "./headline.ts";

/** The first line of the report on `runs`. */
function of(...runs: readonly Run[]): string {
  return reportText(mergeResults([{ path: "a.json", runs }])).split("\n")[0]!;
}

Deno.test("reportText() says in a sentence what the results come to", () => {
  const run = (...kinds: readonly VerdictKind[]): Run =>
    exampleRun("host", Object.fromEntries(kinds.map((kind, i) => [`F-0${i}`, kind])));
  assertEquals(
    of(run("holds", "undecided")),
    "2 clauses on 1 configuration. Every promise that could be decided is kept.",
  );
  assertEquals(
    of(run("holds", "known-deviation")),
    "2 clauses on 1 configuration. Every promise that could be decided is kept, but for 1 known " +
      "deviation, recorded with evidence and cause.",
  );
  assertEquals(
    of(run("holds", "deviates", "deviates", "error", "deviation-gone"), exampleSearch("host")),
    "5 clauses on 1 configuration. To be looked at: 2 unexpected deviations, 1 recorded deviation " +
      "gone, 1 error, 1 disagreement found by search.",
  );
  assertEquals(
    of({ ...exampleSearch("host"), disagreements: [] }),
    "0 clauses on 0 configurations. No search found a disagreement.",
  );
  assertEquals(of(), "0 clauses on 0 configurations. No clause was decided.");
  assertEquals(of(run("undecided")), "1 clause on 1 configuration. No clause was decided.");
});

Deno.test("reportText() says how much of the matrix nobody asked for", () => {
  assertEquals(
    of(exampleRun("host", { "F-01": "holds", "F-02": "holds" }), exampleRun("amd", {})),
    "2 clauses on 2 configurations. Every promise that could be decided is kept. 2 results were " +
      "not asked for.",
  );
});

Deno.test("reportText() names below it what is missing or contradictory", () => {
  assertEquals(reportText(mergeResults(exampleResults(20, 2))).split("\n").slice(1), [
    "host: F-02 came to different verdicts in different runs",
    "amd 6.1: a run died: Kernel panic",
    "amd 6.1: 1 of 21 clauses are missing: X-5000",
  ]);
});
