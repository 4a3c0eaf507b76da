import { assertEquals, assertStringIncludes } from "@std/assert";
import { Parser } from "tap-parser";
import { exampleClause } from "../results/example_runs.ts";
import type { ClauseRecord } from "../results/format.ts";
import { VERDICTS } from "../results/verdicts.ts";
import { toKtap } from "./ktap.ts";

const CLAUSES = VERDICTS.map((kind, i) => exampleClause(`X-0${i + 1}`, kind));

/** What a parser of TAP makes of the text: KTAP is TAP but for its first line. */
function parse(text: string): { ok: boolean; plan: number; results: unknown[] } {
  const parser = new Parser({ strict: true });
  const results: unknown[] = [];
  parser.on("assert", ({ ok, id, name, skip }) => results.push([ok, id, name, skip]));
  parser.end(text.replace("KTAP version 1", "TAP version 13"));
  assertEquals(parser.results!.failures.filter(({ tapError }) => tapError !== null), []);
  return { ok: parser.ok, plan: parser.planEnd, results };
}

Deno.test("toKtap() has a line for each clause that a parser of TAP understands", () => {
  assertEquals(parse(toKtap(CLAUSES)), {
    ok: false,
    plan: 6,
    results: [
      [true, 1, "X-01", false],
      [true, 2, "X-02 # XFAIL D-99", false],
      [false, 3, "X-03", false],
      [false, 4, "X-04", false],
      [false, 5, "X-05 # ERROR The clause did not come to an end in 300 s", false],
      [true, 6, "X-06", "the CPU has no RDPID"],
    ],
  });
  assertEquals(parse(toKtap(CLAUSES.slice(0, 2))).ok, true);
});

Deno.test("toKtap() says before a failed line what failed, and how to repeat it", () => {
  const lines = toKtap([exampleClause("X-01", "holds", "deviates")]).split("\n");
  assertEquals(lines.slice(0, 5), [
    "KTAP version 1",
    "1..1",
    "# sentence of X-01",
    "# forced emulation: deviates",
    "# Wanted KVM_EXIT_X86_RDMSR (29), got KVM_EXIT_IO (2) out port 0xe0 1 x 1 byte data 00",
  ]);
  assertEquals(lines.slice(-3), [
    "# To repeat: deno task verify --filter X-01",
    "not ok 1 X-01",
    "",
  ]);
});

Deno.test("toKtap() says of an error what it was, in its line and whole before it", () => {
  const clause = exampleClause("X-01", "error");
  const failure = "Cannot create the VM: EMFILE\nToo many open files";
  const lines = toKtap([{ ...clause, executions: [{ ...clause.executions[0]!, failure }] }])
    .split("\n");
  assertEquals(lines.slice(3, 6), [
    "# native: error",
    "# Cannot create the VM: EMFILE",
    "# Too many open files",
  ]);
  assertEquals(lines.at(-2), "not ok 1 X-01 # ERROR Cannot create the VM: EMFILE");
});

Deno.test("toKtap() lets no text of a failure begin a line of its own", () => {
  const odd = (failure: string): ClauseRecord => {
    const clause = exampleClause("X-01", "error");
    return { ...clause, executions: [{ ...clause.executions[0]!, failure }] };
  };
  const text = toKtap([odd("a\nok 2 X-02\n1..7\nBail out!\r\nok 3 b\x1b[0m\u2028ok 4")]);
  assertEquals(parse(text).results, [[false, 1, "X-01 # ERROR a", false]]);
  assertStringIncludes(text, "# Bail out!?\n# ok 3 b?[0m");
  const reason = "it has #GP\nand more # SKIP";
  const [undecided] = [exampleClause("X-02", "undecided")];
  const skipped = toKtap([{
    ...undecided!,
    executions: [{ ...undecided!.executions[0]!, reason }],
  }]);
  assertEquals(skipped.split("\n").at(-2), "ok 1 X-02 # SKIP it has #GP and more # SKIP");
});
