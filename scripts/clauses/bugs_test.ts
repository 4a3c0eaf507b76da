import { assertEquals } from "@std/assert";
import type { KnownBug } from "../../tests/support/known_bugs.ts";
import { exampleRun } from "../results/example_runs.ts";
import type { VerdictKind } from "../results/format.ts";
import { bugVerdict } from "./bugs.ts";

const BUG: KnownBug = {
  id: "B99",
  title: "",
  kernels: "",
  clauses: ["F-01", "F-02"],
  deviations: ["D-99"],
};

function verdictWhere(bug: KnownBug, ...kinds: readonly VerdictKind[]): string {
  const verdicts = Object.fromEntries(kinds.map((kind, i) => [`F-0${i + 1}`, kind]));
  return bugVerdict(bug, exampleRun("host", verdicts));
}

Deno.test("bugVerdict() has a bug for seen where one of its deviations is", () => {
  assertEquals(verdictWhere(BUG, "holds", "known-deviation"), "seen, D-99");
  assertEquals(verdictWhere({ ...BUG, deviations: [] }, "holds", "known-deviation"), "not seen");
});

Deno.test("bugVerdict() has a bug for not seen only where a clause was decided", () => {
  assertEquals(verdictWhere(BUG, "undecided", "holds"), "not seen");
  assertEquals(verdictWhere(BUG, "undecided", "undecided"), "undecided");
  assertEquals(verdictWhere(BUG), "not run");
  assertEquals(verdictWhere({ ...BUG, clauses: [] }, "holds"), "not decidable");
});

Deno.test("bugVerdict() tells a clause that has the bug as it is from one that forbids it", () => {
  assertEquals(verdictWhere({ ...BUG, isPromised: true }, "holds"), "seen, as the clause has it");
});

Deno.test("bugVerdict() says neither where a clause fails or the run died", () => {
  assertEquals(verdictWhere(BUG, "holds", "deviates"), "**to be looked at**");
  const died = { kind: "died", configuration: "amd 7", made: "", failure: "panic" } as const;
  assertEquals(bugVerdict(BUG, died), "**died**");
});
