import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Clause, Verdict } from "../../tests/support/clause.ts";
import type { Execution } from "../../tests/support/execution.ts";
import { paintFor } from "../terminal.ts";
import { toJson } from "./json.ts";
import { toJunit } from "./junit.ts";
import { executionsText, Report, summaryText } from "./report.ts";
import { detailOfClause, isFailure, type Result, verdictOf, VERDICTS } from "./results.ts";

const deviation = {
  id: "D-99",
  clause: "X-02",
  evidence: "Seen on 6.18.",
  cause: "The fastpath.",
  expected: () => true,
};

const VERDICT: Readonly<Record<Verdict["kind"], Verdict>> = {
  "holds": { kind: "holds" },
  "known-deviation": { kind: "known-deviation", deviation, error: new Error("no exit") },
  "deviates": { kind: "deviates", error: new Error('Wanted <a> & "b"\nsecond line\x1b') },
  "deviation-gone": { kind: "deviation-gone", deviation },
  "error": { kind: "error", error: new Error("broken test") },
  "undecided": { kind: "undecided", reason: "the CPU has no RDPID" },
};

const EXECUTIONS: readonly Execution[] = ["native", "forced emulation"];

/** A clause with one verdict, the native one, or with two. */
function result(id: string, ...kinds: readonly Verdict["kind"][]): Result {
  const clause: Clause = { id, sentence: `sentence of ${id}`, requires: [], body: () => {} };
  const executions = kinds.map((kind, i) => ({
    execution: EXECUTIONS[i]!,
    verdict: VERDICT[kind],
    milliseconds: 1500,
  }));
  return { clause, executions };
}

const results = VERDICTS.map((kind, i) => result(`X-0${i + 1}`, kind));

Deno.test("isFailure() fails what was not expected, and nothing else", () => {
  assertEquals(VERDICTS.filter(isFailure), ["deviates", "deviation-gone", "error"]);
});

Deno.test("verdictOf() is the gravest of the executions", () => {
  const of = (...kinds: readonly Verdict["kind"][]): string => verdictOf(result("X-01", ...kinds));
  assertEquals(of("holds"), "holds");
  assertEquals(of("holds", "holds"), "holds");
  assertEquals(of("known-deviation", "holds"), "known-deviation");
  assertEquals(of("holds", "deviates"), "deviates");
  assertEquals(of("deviates", "known-deviation"), "deviates");
  assertEquals(of("error", "deviates"), "error");
  assertEquals(of("holds", "undecided"), "undecided");
  assertEquals(of("undecided", "deviation-gone"), "deviation-gone");
});

Deno.test("detailOfClause() names the execution where there are two, and alike ones together", () => {
  assertEquals(detailOfClause(result("X-01", "holds", "holds")), undefined);
  assertEquals(detailOfClause(result("X-01", "undecided")), "the CPU has no RDPID");
  assertEquals(
    detailOfClause(result("X-01", "undecided", "undecided")),
    "native and forced emulation: the CPU has no RDPID",
  );
  assertEquals(detailOfClause(result("X-01", "holds", "error")), "forced emulation: broken test");
  assertEquals(
    detailOfClause(result("X-01", "undecided", "error")),
    "native: the CPU has no RDPID\nforced emulation: broken test",
  );
});

Deno.test("toJson() and toJunit() have both executions", () => {
  const both = [result("X-01", "holds", "error"), result("X-02", "undecided", "undecided")];
  const json = toJson({ kernel: "6.18", cpu: "c", modules: {} }, both);
  assertEquals([json.counts.error, json.counts.undecided, json.counts.holds], [1, 1, 0]);
  assertEquals(json.clauses[0]!.verdict, "error");
  assertEquals(json.clauses[0]!.milliseconds, 3000);
  assertEquals(json.clauses[0]!.executions, [
    { execution: "native", verdict: "holds", milliseconds: 1500 },
    {
      execution: "forced emulation",
      verdict: "error",
      detail: "broken test",
      milliseconds: 1500,
    },
  ]);
  const xml = toJunit(both);
  assertStringIncludes(xml, 'tests="4" failures="1" errors="0" skipped="2"');
  assertStringIncludes(xml, 'name="X-01 sentence of X-01"');
  assertStringIncludes(xml, 'name="X-01 (forced emulation) sentence of X-01"');
});

Deno.test("executionsText() says how many had two, or why none", () => {
  const both = [result("X-01", "holds", "error"), result("X-02", "undecided")];
  assertStringIncludes(executionsText(both, undefined), "1 of 2 executed natively and");
  assertEquals(executionsText(both, "it is off"), "Executed natively alone: it is off");
});

Deno.test("toJson() counts every verdict and keeps the details", () => {
  const json = toJson({ kernel: "6.18", cpu: "c", modules: {} }, results);
  assertEquals(Object.values(json.counts), [1, 1, 1, 1, 1, 1]);
  assertEquals(json.clauses[0], {
    id: "X-01",
    sentence: "sentence of X-01",
    source: "x86.c kvm_msr_allowed(): the search through the ranges",
    verdict: "holds",
    milliseconds: 1500,
    repeat: 'deno task test --filter "X-01 "',
    executions: [{ execution: "native", verdict: "holds", milliseconds: 1500 }],
  });
  assertStringIncludes(json.clauses[1]!.detail!, "D-99: Seen on 6.18. The fastpath.");
  assertEquals(json.clauses[5]!.detail, "the CPU has no RDPID");
});

Deno.test("toJunit() escapes, and counts failures and skips", () => {
  const xml = toJunit(results);
  assertStringIncludes(xml, 'tests="6" failures="3" errors="0" skipped="1"');
  assertStringIncludes(xml, "Wanted &lt;a&gt; &amp; &quot;b&quot;\nsecond line?</failure>");
  assertStringIncludes(xml, '<skipped message="the CPU has no RDPID"/>');
  assertEquals(xml.match(/<testcase /g)!.length, 6);
});

Deno.test("Report groups by chapter and says the reason below the verdict", () => {
  const paint = paintFor({ isTerminal: false });
  const lines: string[] = [];
  const report = new Report(paint, (text) => lines.push(text));
  report.add(result("F-01", "holds"));
  report.add(result("X-06", "undecided"));
  const text = lines.join("\n");
  assertEquals(text.split("\n"), [
    "F  api.rst 4.97 KVM_X86_SET_MSR_FILTER",
    "  holds            F-01  sentence of F-01",
    "",
    "X  behaviour of the kernel's code, not documented",
    "  undecided        X-06  sentence of X-06",
    "      the CPU has no RDPID",
  ]);
});

Deno.test("summaryText() names each verdict that occurred", () => {
  assertEquals(
    summaryText([result("F-01", "holds"), result("X-06", "undecided")], 1.25),
    "2 clauses: 1 holds, 1 undecided (1.3 s)",
  );
});
