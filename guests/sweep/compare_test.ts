import { assertEquals } from "@std/assert";
import { compareSweeps, type SweepComparison } from "./compare.ts";
import type { MsrRecord } from "./record.ts";

const UNKNOWN: MsrRecord = { read: "unknown", writeZero: "unknown" };
const KNOWN: MsrRecord = { read: "done", value: "0x1", writeBack: "done", writeZero: "done" };

function compare(before: MsrRecord, after: MsrRecord): SweepComparison {
  return compareSweeps(new Map([[0x174, before]]), new Map([[0x174, after]]));
}

Deno.test("compareSweeps() classes MSRs by how they changed", () => {
  const kind = (before: MsrRecord, after: MsrRecord): string =>
    compare(before, after).runs[0]!.kind;
  assertEquals(kind(UNKNOWN, KNOWN), "appeared");
  assertEquals(kind(KNOWN, UNKNOWN), "gone");
  assertEquals(kind(KNOWN, { ...KNOWN, value: "0x2" }), "value");
  assertEquals(kind(KNOWN, { ...KNOWN, value: "0x2", writeZero: "inval" }), "behaviour");
  assertEquals(kind(KNOWN, { ...KNOWN, filterable: { read: true } }), "same");
  assertEquals(kind(UNKNOWN, UNKNOWN), "unknown");
});

Deno.test("compareSweeps() does not compare values that change by themselves", () => {
  assertEquals(compare(KNOWN, { ...KNOWN, value: "0x2", volatile: true }).changes, []);
});

Deno.test("compareSweeps() compares only the bits that both sweeps tried", () => {
  const few = { ...UNKNOWN, bits: { tried: "0x1", refused: "0x1" } };
  const many = { ...UNKNOWN, bits: { tried: "0xff", refused: "0xff" } };
  assertEquals(compare(few, many).changes, []);
});

Deno.test("compareSweeps() compares only what both sweeps asked", () => {
  const asked = { ...KNOWN, filterable: { read: true, write: true } };
  assertEquals(compare(asked, { ...KNOWN, filterable: { read: true } }).changes, []);
  const [change] = compare(asked, { ...KNOWN, filterable: { read: true, write: false } }).changes;
  assertEquals(change!.differences.map(({ what }) => what), ["Filter"]);
});

Deno.test("compareSweeps() joins neighbours, and counts what is in one sweep only", () => {
  const { runs, onlyInOne } = compareSweeps(
    new Map([[1, KNOWN], [2, KNOWN], [3, KNOWN]]),
    new Map([[2, UNKNOWN], [3, UNKNOWN], [4, UNKNOWN]]),
  );
  assertEquals(runs.map(({ first, last, kind }) => [first, last, kind]), [[2, 3, "gone"]]);
  assertEquals(onlyInOne, 2);
});
