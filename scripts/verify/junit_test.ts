import { assertEquals, assertStringIncludes } from "@std/assert";
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
