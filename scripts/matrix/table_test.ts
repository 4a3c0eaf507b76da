import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { exampleExecution, exampleRun, exampleSearch } from "../results/example_runs.ts";
import type { DiedRun, ExecutionRecord } from "../results/format.ts";
import { configurations } from "./configuration.ts";
import { hasFailure, notesText, tableText } from "./table.ts";
import { totals } from "./totals.ts";

function died(configuration: string): DiedRun {
  return { kind: "died", configuration, made: "2026-01-31T10:00:00Z", failure: "Kernel panic" };
}

Deno.test("tableText() has a row a clause, a column a configuration, and counts", () => {
  const columns = [
    exampleRun("host", { "F-01": "holds", "F-02": "undecided" }),
    exampleRun("amd 7", { "F-01": "deviates", "F-02": "known-deviation" }),
    died("intel 7"),
  ];
  assertEquals(tableText(columns).split("\n").map((line) => line.split(/ {2,}/)), [
    ["clause", "host", "amd 7", "intel 7"],
    ["F-01", "ok", "DEVIATES", "died"],
    ["F-02", "?", "known", "died"],
    ["ok", "1", "0", "0"],
    ["known", "0", "1", "0"],
    ["DEVIATES", "0", "1", "0"],
    ["undecided", "1", "0", "0"],
  ]);
});

Deno.test("notesText() puts alike cells together and drops the details below the first line", () => {
  const text = notesText([
    exampleRun("a", { "F-02": "undecided" }),
    exampleRun("b", { "F-02": "undecided" }),
    died("c"),
  ]);
  assertEquals(text.split("\n"), [
    "F-02 undecided: the CPU has no RDPID",
    "    on a, b",
    "died: Kernel panic",
    "    on c",
  ]);
});

Deno.test("notesText() names the execution where the other came to something else", () => {
  const notesOf = (...executions: readonly ExecutionRecord[]): string => {
    const run = exampleRun("a", { "F-01": "deviates" });
    return notesText([{ ...run, clauses: [{ ...run.clauses[0]!, executions }] }]);
  };
  const emulated = exampleExecution("error", "forced emulation");
  assertEquals(
    notesOf(exampleExecution("error"), emulated),
    "F-01 ERROR: The clause did not come to an end in 300 s\n    on a",
  );
  assertEquals(
    notesOf(exampleExecution("holds"), emulated),
    "F-01 (forced emulation) ERROR: The clause did not come to an end in 300 s\n    on a",
  );
});

Deno.test("hasFailure() is for what nobody expected, a dead configuration among it", () => {
  assertEquals(hasFailure([exampleRun("a", { "F-01": "holds", "F-02": "undecided" })]), false);
  assertEquals(hasFailure([exampleRun("a", { "F-01": "known-deviation" })]), false);
  assertEquals(hasFailure([exampleRun("a", { "F-01": "deviation-gone" })]), true);
  assertEquals(hasFailure([died("a")]), true);
});

Deno.test("configurations() names every vendor with every kernel, or those asked for", () => {
  const names = (...args: Parameters<typeof configurations>): string[] =>
    configurations(...args).map(({ name }) => name);
  assertEquals(names("amd", "6.12,7", true), ["host", "amd 6.12", "amd 7"]);
  assertEquals(names(undefined, "/tmp/bzImage", false), ["amd bzImage", "intel bzImage"]);
  assertEquals(names(undefined, undefined, false).length, 8);
  const error = assertThrows(() => configurations("arm", undefined, false), TypeError);
  assertStringIncludes(error.message, "amd, intel");
});

Deno.test("totals() counts over all configurations, a dead one and a disagreement as a failure", () => {
  assertEquals(
    totals([
      exampleRun("a", { "F-01": "holds", "F-02": "known-deviation", "F-03": "undecided" }),
      exampleRun("b", { "F-01": "deviates", "F-02": "error", "F-03": "deviation-gone" }),
      died("c"),
      exampleSearch("a"),
    ]),
    [2, 5, 1],
  );
});
