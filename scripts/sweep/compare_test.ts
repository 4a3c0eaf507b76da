import { assertEquals, assertStringIncludes } from "@std/assert";
import { compareMaps, type Comparison } from "./compare.ts";
import { comparisonText } from "./comparison_text.ts";
import { type MsrRecord, runsOf, type SweepMap } from "./map.ts";

const UNKNOWN: MsrRecord = { read: "unknown", writeZero: "unknown" };
const KNOWN: MsrRecord = { read: "done", value: "0x1", writeBack: "done", writeZero: "done" };

function mapOf(records: Readonly<Record<number, MsrRecord>>): SweepMap {
  return {
    host: { kernel: "6", cpu: "c", modules: [] },
    made: "",
    seconds: 0,
    notes: [],
    windows: [],
    runs: runsOf(new Map(Object.entries(records).map(([index, record]) => [+index, record]))),
  };
}

function compare(before: MsrRecord, after: MsrRecord): Comparison {
  return compareMaps(mapOf({ 0x174: before }), mapOf({ 0x174: after }));
}

Deno.test("compareMaps() classes MSRs by how they changed", () => {
  const kind = (before: MsrRecord, after: MsrRecord): string =>
    compare(before, after).runs[0]!.kind;
  assertEquals(kind(UNKNOWN, KNOWN), "appeared");
  assertEquals(kind(KNOWN, UNKNOWN), "gone");
  assertEquals(kind(KNOWN, { ...KNOWN, value: "0x2" }), "value");
  assertEquals(kind(KNOWN, { ...KNOWN, value: "0x2", writeZero: "inval" }), "behaviour");
  assertEquals(kind(KNOWN, { ...KNOWN, filterable: { read: true } }), "same");
  assertEquals(kind(UNKNOWN, UNKNOWN), "unknown");
});

Deno.test("compareMaps() does not compare values that change by themselves", () => {
  assertEquals(compare(KNOWN, { ...KNOWN, value: "0x2", volatile: true }).changes, []);
});

Deno.test("compareMaps() compares only the bits that both sweeps tried", () => {
  const few = { ...UNKNOWN, bits: { tried: "0x1", refused: "0x1" } };
  const many = { ...UNKNOWN, bits: { tried: "0xff", refused: "0xff" } };
  assertEquals(compare(few, many).changes, []);
});

Deno.test("compareMaps() compares only what both sweeps asked", () => {
  const asked = { ...KNOWN, filterable: { read: true, write: true } };
  assertEquals(compare(asked, { ...KNOWN, filterable: { read: true } }).changes, []);
  const [change] = compare(asked, { ...KNOWN, filterable: { read: true, write: false } }).changes;
  assertEquals(change!.differences.map(({ what }) => what), ["Filter"]);
});

Deno.test("compareMaps() joins neighbours, and counts what is in one map only", () => {
  const { runs, onlyInOne } = compareMaps(
    mapOf({ 1: KNOWN, 2: KNOWN, 3: KNOWN }),
    mapOf({ 2: UNKNOWN, 3: UNKNOWN, 4: UNKNOWN }),
  );
  assertEquals(runs.map(({ first, last, kind }) => [first, last, kind]), [[2, 3, "gone"]]);
  assertEquals(onlyInOne, 2);
});

Deno.test("comparisonText() names the MSR and both sides", () => {
  const text = comparisonText(compare(KNOWN, { ...KNOWN, writeZero: "inval" }));
  assertStringIncludes(text, "IA32_SYSENTER_CS (0x174)");
  assertStringIncludes(text, "Write of 0: done -> refused by KVM (INVAL)");
});
