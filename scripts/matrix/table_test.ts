import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { Verdict } from "../../tests/support/clause.ts";
import type { ResultsJson } from "../verify/results.ts";
import { configurations } from "./configuration.ts";
import { type Column, hasFailure, notesText, tableText } from "./table.ts";
import { totals } from "./totals.ts";

function column(name: string, verdicts: Readonly<Record<string, Verdict["kind"]>>): Column {
  const counts = {
    "holds": 0,
    "known-deviation": 0,
    "deviates": 0,
    "deviation-gone": 0,
    "error": 0,
    "undecided": 0,
  };
  const clauses: ResultsJson["clauses"] = Object.entries(verdicts).map(([id, verdict]) => {
    counts[verdict]++;
    return {
      id,
      sentence: "",
      source: "",
      verdict,
      ...(verdict === "holds" ? {} : { detail: `why ${id}\nmore` }),
      milliseconds: 1,
      repeat: "",
      executions: [{
        execution: "native",
        verdict,
        ...(verdict === "holds" ? {} : { detail: `why ${id}\nmore` }),
        milliseconds: 1,
      }],
    };
  });
  return {
    name,
    results: { version: 1, host: { kernel: "", cpu: "", modules: {} }, counts, clauses },
  };
}

Deno.test("tableText() has a row a clause, a column a configuration, and counts", () => {
  const columns = [
    column("host", { "F-01": "holds", "F-02": "undecided" }),
    column("amd 7", { "F-01": "deviates", "F-02": "known-deviation" }),
    { name: "intel 7", failure: "Kernel panic" },
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
    column("a", { "F-02": "undecided" }),
    column("b", { "F-02": "undecided" }),
    { name: "c", failure: "Kernel panic" },
  ]);
  assertEquals(text.split("\n"), [
    "F-02 undecided: why F-02",
    "    on a, b",
    "died: Kernel panic",
    "    on c",
  ]);
});

Deno.test("notesText() names the execution where the other came to something else", () => {
  const { results } = column("a", { "F-01": "deviates" }) as Column & { results: ResultsJson };
  const [clause] = results.clauses;
  const [broken] = clause!.executions;
  const emulated = { ...broken!, execution: "forced emulation" as const };
  const notesOf = (executions: ResultsJson["clauses"][number]["executions"]): string =>
    notesText([{ name: "a", results: { ...results, clauses: [{ ...clause!, executions }] } }]);
  assertEquals(notesOf([broken!, emulated]), "F-01 DEVIATES: why F-01\n    on a");
  assertEquals(
    notesOf([{ ...broken!, verdict: "holds" }, emulated]),
    "F-01 (forced emulation) DEVIATES: why F-01\n    on a",
  );
});

Deno.test("hasFailure() is for what nobody expected, a dead configuration among it", () => {
  assertEquals(hasFailure([column("a", { "F-01": "holds", "F-02": "undecided" })]), false);
  assertEquals(hasFailure([column("a", { "F-01": "known-deviation" })]), false);
  assertEquals(hasFailure([column("a", { "F-01": "deviation-gone" })]), true);
  assertEquals(hasFailure([{ name: "a", failure: "x" }]), true);
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

Deno.test("totals() counts over all configurations, a dead one as one failure", () => {
  assertEquals(
    totals([
      column("a", { "F-01": "holds", "F-02": "known-deviation", "F-03": "undecided" }),
      column("b", { "F-01": "deviates", "F-02": "error", "F-03": "deviation-gone" }),
      { name: "c", failure: "x" },
    ]),
    [2, 4, 1],
  );
});
