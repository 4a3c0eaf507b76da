import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exampleRun } from "../results/example_runs.ts";
import { clausesPage } from "./page.ts";

const CLAUSES = [
  { id: "F-01", sentence: "one | two", source: "4.97", file: "tests/clauses/a_test.ts" },
  { id: "F-02", sentence: "three", source: "4.97", file: "tests/clauses/b_test.ts" },
];

const BUGS = [
  { id: "B01", title: "wrong", kernels: "5.10", clauses: ["F-01", "F-02"], remark: "Seldom" },
];

Deno.test("clausesPage() has a row for each clause and a column for each configuration", () => {
  const page = clausesPage(CLAUSES, BUGS, [
    exampleRun("host", { "F-01": "undecided" }),
    { kind: "died", configuration: "amd 7", made: "2026-01-31T10:00:00Z", failure: "panic" },
  ]);
  const rows = page.split("\n").filter((line) => line.startsWith("| F-"));
  assertEquals(rows, [
    "| F-01 | one \\| two | 4.97 | [a_test.ts](tests/clauses/a_test.ts) | undecided | **died** |",
    "| F-02 | three | 4.97 | [b_test.ts](tests/clauses/b_test.ts) | not run | **died** |",
  ]);
  assertStringIncludes(page, "- **F-01**: the CPU has no RDPID (host)");
});

Deno.test("clausesPage() has a row for each known bug", () => {
  const page = clausesPage(CLAUSES, BUGS, [exampleRun("host", { "F-01": "holds" })]);
  assertStringIncludes(page, "| B01 | wrong. Seldom | 5.10 | F-01, F-02 | not seen |");
});

Deno.test("clausesPage() says so when nothing was run", () => {
  const page = clausesPage(CLAUSES, BUGS, []);
  assertStringIncludes(page, "No results were given");
  assert(!page.includes("## Why"));
});
