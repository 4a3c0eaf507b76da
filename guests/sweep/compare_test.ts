import { assertEquals } from "@std/assert";
import { compareSweeps, type Difference, type SweepComparison } from "./compare.ts";
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

Deno.test("compareSweeps() sees a bit that is taken where the other sweep saw all refused", () => {
  const differences = (before: MsrRecord, after: MsrRecord): readonly Difference[] =>
    compare(before, after).changes.flatMap(({ differences }) => differences);
  const silent = {
    ...UNKNOWN,
    bits: { tried: "0x8000000180000001", refused: "0x8000000180000001" },
  };
  const tried = "0xffffffffffffffff";
  const taken = { ...UNKNOWN, bits: { tried, done: "0x1", unknown: "0xfffffffffffffffe" } };
  const [before, after] = ["0, 31-32, 63: #GP", "0: taken; 31-32, 63: #GP"];
  assertEquals(compare(silent, taken).changes[0]!.kind, "appeared");
  assertEquals(differences(silent, taken), [{ what: "Single bits", before, after }]);
  assertEquals(differences(taken, silent), [{ what: "Single bits", before: after, after: before }]);
  // Who refuses is no difference where one of the two could not tell.
  const refused = {
    ...UNKNOWN,
    bits: { tried, gp: "0x1", inval: "0x80000000", unknown: "0x100000000" },
  };
  const all = { ...refused, bits: { ...refused.bits, unknown: "0xffffffff7ffffffe" } };
  assertEquals(differences(silent, all), []);
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
