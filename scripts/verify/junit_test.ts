import { assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "junit2json";
import { exampleClause } from "../results/example_runs.ts";
import type { ClauseRecord } from "../results/format.ts";
import { VERDICTS } from "../results/verdicts.ts";
import { toJunit } from "./junit.ts";

Deno.test("toJunit() has a case for each execution", () => {
  const xml = toJunit([
    exampleClause("X-01", "holds", "error"),
    exampleClause("X-02", "undecided", "undecided"),
  ]);
  assertStringIncludes(xml, 'tests="4" failures="1" errors="0" skipped="2"');
  assertStringIncludes(xml, 'name="X-01 sentence of X-01"');
  assertStringIncludes(xml, 'name="X-01 (forced emulation) sentence of X-01"');
});

Deno.test("toJunit() escapes, and counts failures and skips", () => {
  const clauses = VERDICTS.map((kind, i) => exampleClause(`X-0${i + 1}`, kind));
  const [execution] = clauses[2]!.executions;
  const failure = 'Wanted <a> & "b"\nsecond line\x1b';
  const odd: ClauseRecord = { ...clauses[2]!, executions: [{ ...execution!, failure }] };
  const xml = toJunit(clauses.with(2, odd));
  assertStringIncludes(xml, 'tests="6" failures="3" errors="0" skipped="1"');
  assertStringIncludes(xml, "Wanted &lt;a&gt; &amp; &quot;b&quot;\nsecond line?</failure>");
  assertStringIncludes(xml, '<skipped message="the CPU has no RDPID"/>');
  assertEquals(xml.match(/<testcase /g)!.length, 6);
});

Deno.test("toJunit() writes no character that XML cannot hold, and all others", async () => {
  const said = "a\x00\x1b\ud800b\udc00\ufffe\uffff \ufffd\u{1f600}\t\u{10ffff}";
  const [execution] = exampleClause("X-01", "error").executions;
  const clause = exampleClause("X-01", "error");
  const xml = toJunit([{ ...clause, executions: [{ ...execution!, failure: said }] }]);
  const kept = "a???b??? \ufffd\u{1f600}\t\u{10ffff}";
  assertStringIncludes(xml, `>${kept}</failure>`);
  // Half a pair cannot be encoded either: what is written is what is read.
  assertEquals(new TextDecoder().decode(new TextEncoder().encode(xml)), xml);
  const report = await parse(xml);
  if (!(report && "testsuite" in report)) throw new TypeError("It is no report of test suites");
  assertEquals(report.testsuite![0]!.testcase![0]!.failure![0]!.inner, kept);
});

Deno.test("toJunit() is read by another program's reader as it was meant", async () => {
  const clauses = VERDICTS.map((kind, i) => exampleClause(`F-0${i + 1}`, kind, "holds"));
  const [execution] = clauses[2]!.executions;
  const failure = "Wanted <a> & ]]> 'b'\nsecond \u2028 line";
  const odd: ClauseRecord = { ...clauses[2]!, executions: [{ ...execution!, failure }] };
  const report = await parse(toJunit(clauses.with(2, odd)));
  if (!(report && "testsuite" in report)) throw new TypeError("It is no report of test suites");
  const [suite] = report.testsuite!;
  assertEquals([report.tests, report.failures, report.errors], [11, 3, 0]);
  assertEquals([suite!.tests, suite!.failures, suite!.skipped], [11, 3, 1]);
  const cases = suite!.testcase!;
  assertEquals(cases.length, 11);
  assertEquals(new Set(cases.map(({ name }) => name)).size, 11);
  const [failed] = cases.filter(({ name }) => name === "F-03 sentence of F-03");
  assertEquals(failed!.classname, "api.rst 4.97 KVM_X86_SET_MSR_FILTER");
  assertEquals(failed!.time, 1.5);
  assertEquals(failed!.failure, [{
    type: "deviates",
    message: "Wanted <a> & ]]> 'b'",
    inner: failure,
  }]);
  const skipped = cases.filter((each) => each.skipped !== undefined);
  assertEquals(skipped.map(({ name }) => name), ["F-06 sentence of F-06"]);
});
