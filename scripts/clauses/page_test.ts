import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { clausesPage } from "./page.ts";

const CLAUSES = [
  { id: "F-01", sentence: "one | two", source: "4.97", file: "tests/clauses/a_test.ts" },
  { id: "F-02", sentence: "three", source: "4.97", file: "tests/clauses/b_test.ts" },
];

Deno.test("clausesPage() has a row for each clause and a column for each configuration", () => {
  const host = { kernel: "6.18", cpu: "c", modules: {} };
  const counts = {
    "holds": 1,
    "known-deviation": 0,
    "deviates": 0,
    "deviation-gone": 0,
    "error": 0,
    "undecided": 0,
  };
  const found = {
    id: "F-01",
    sentence: "one | two",
    source: "4.97",
    verdict: "undecided",
    detail: "no RDPID",
    milliseconds: 1,
    repeat: "x",
    executions: [],
  } as const;
  const page = clausesPage(CLAUSES, [
    { name: "host", results: { version: 1, host, counts, clauses: [found] } },
    { name: "amd 7", failure: "panic" },
  ]);
  const rows = page.split("\n").filter((line) => line.startsWith("| F-"));
  assertEquals(rows, [
    "| F-01 | one \\| two | 4.97 | [a_test.ts](tests/clauses/a_test.ts) | undecided | **died** |",
    "| F-02 | three | 4.97 | [b_test.ts](tests/clauses/b_test.ts) | not run | **died** |",
  ]);
  assertStringIncludes(page, "- **F-01**: no RDPID (host)");
});

Deno.test("clausesPage() says so when nothing was run", () => {
  const page = clausesPage(CLAUSES, []);
  assertStringIncludes(page, "No results were given");
  assert(!page.includes("## Why"));
});
