import { assertEquals } from "@std/assert";
import { bitsText, maskText, type MsrRecord, recordsOf, runsOf } from "./record.ts";

const UNKNOWN: MsrRecord = { read: "unknown", writeZero: "unknown" };
const KNOWN: MsrRecord = { read: "done", value: "0x10", bits: { tried: "0xf", done: "0x3" } };

Deno.test("runsOf() joins neighbours of which the same is known, and no others", () => {
  const records = new Map([[1, UNKNOWN], [2, { ...UNKNOWN }], [3, KNOWN], [5, KNOWN]]);
  const runs = runsOf(records);
  assertEquals(runs.map(({ first, last }) => [first, last]), [[1, 2], [3, 3], [5, 5]]);
  assertEquals(recordsOf({ runs }), records);
});

Deno.test("bitsText() names the bits of a mask, and maskText() makes one", () => {
  assertEquals(bitsText("0x8000000000000105"), "0, 2, 8, 63");
  assertEquals(bitsText("0xffffffffffffffff"), "0-63");
  assertEquals(maskText([0, 2, 63]), "0x8000000000000005");
  assertEquals(maskText([]), undefined);
});
