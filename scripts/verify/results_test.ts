import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Clause, Verdict } from "../../tests/support/clause.ts";
import { paintFor } from "../terminal.ts";
import { toJson } from "./json.ts";
import { toJunit } from "./junit.ts";
import { reportText, summaryText } from "./report.ts";
import { isFailure, type Result, VERDICTS } from "./results.ts";

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

function result(id: string, kind: Verdict["kind"]): Result {
  const clause: Clause = { id, sentence: `sentence of ${id}`, requires: [], body: () => {} };
  return { clause, verdict: VERDICT[kind], milliseconds: 1500 };
}

const results = VERDICTS.map((kind, i) => result(`X-0${i + 1}`, kind));

Deno.test("isFailure() fails what was not expected, and nothing else", () => {
  assertEquals(VERDICTS.filter(isFailure), ["deviates", "deviation-gone", "error"]);
});

Deno.test("toJson() counts every verdict and keeps the details", () => {
  const json = toJson({ kernel: "6.18", cpu: "c", modules: {} }, results);
  assertEquals(Object.values(json.counts), [1, 1, 1, 1, 1, 1]);
  assertEquals(json.clauses[0], {
    id: "X-01",
    sentence: "sentence of X-01",
    source: "behaviour of the kernel's code, not documented",
    verdict: "holds",
    milliseconds: 1500,
    repeat: 'deno task test --filter "X-01 "',
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

Deno.test("reportText() groups by source and says the reason below the verdict", () => {
  const paint = paintFor({ isTerminal: false });
  const text = reportText([result("F-01", "holds"), result("X-06", "undecided")], paint);
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
