import { assertEquals } from "@std/assert";
import { exampleClause, exampleExecution } from "./example_runs.ts";
import type { VerdictKind } from "./format.ts";
import {
  countVerdicts,
  detailOf,
  detailOfClause,
  gravest,
  isFailure,
  VERDICTS,
} from "./verdicts.ts";

Deno.test("isFailure() fails what was not expected, and nothing else", () => {
  assertEquals(VERDICTS.filter(isFailure), ["deviates", "deviation-gone", "error"]);
});

Deno.test("gravest() is the gravest of the verdicts", () => {
  const of = (...kinds: readonly VerdictKind[]): string => gravest(kinds);
  assertEquals(of("holds"), "holds");
  assertEquals(of("holds", "holds"), "holds");
  assertEquals(of("known-deviation", "holds"), "known-deviation");
  assertEquals(of("holds", "deviates"), "deviates");
  assertEquals(of("deviates", "known-deviation"), "deviates");
  assertEquals(of("error", "deviates"), "error");
  assertEquals(of("holds", "undecided"), "undecided");
  assertEquals(of("undecided", "deviation-gone"), "deviation-gone");
});

Deno.test("countVerdicts() counts every kind, also those that did not occur", () => {
  const counts = countVerdicts([exampleClause("X-01", "holds"), exampleClause("X-02", "holds")]);
  assertEquals(Object.entries(counts).filter(([, count]) => count > 0), [["holds", 2]]);
  assertEquals(Object.keys(counts), [...VERDICTS]);
});

Deno.test("detailOf() of a clause that held says how it failed in the runs before", () => {
  const record = { ...exampleExecution("holds"), again: ["no exit\nGuest", "no exit"] };
  assertEquals(
    detailOf(record),
    "in run 3, for a signal may have spoiled those before (X-109): no exit; no exit",
  );
});

Deno.test("detailOfClause() names the execution where there are two, and alike ones together", () => {
  const of = (...kinds: readonly VerdictKind[]): string | undefined =>
    detailOfClause(exampleClause("X-01", ...kinds));
  assertEquals(of("holds", "holds"), undefined);
  assertEquals(of("undecided"), "the CPU has no RDPID");
  assertEquals(of("undecided", "undecided"), "native and forced emulation: the CPU has no RDPID");
  assertEquals(of("holds", "undecided"), "forced emulation: the CPU has no RDPID");
  assertEquals(
    of("undecided", "deviation-gone"),
    "native: the CPU has no RDPID\n" +
      "forced emulation: D-99 expects it to be broken here, and it holds",
  );
  assertEquals(
    of("known-deviation"),
    "D-99: Seen on 6.18 with kvm_intel. The fastpath does not ask.",
  );
});
