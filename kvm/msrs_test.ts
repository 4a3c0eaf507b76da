import { assertEquals } from "@std/assert";
import { decodeMsrList, decodeMsrs, encodeMsrs, msrListBuffer } from "./msrs.ts";

Deno.test("encodeMsrs() lays entries of sixteen bytes behind a head of eight", () => {
  const bytes = encodeMsrs([[0x174, 0x1122_3344_5566_7788n], [0xffff_ffff, 1n]]);
  assertEquals(
    bytes.toHex(),
    "0200000000000000" +
      "7401000000000000" + "8877665544332211" +
      "ffffffff00000000" + "0100000000000000",
  );
});

Deno.test("decodeMsrs() reads the values in the order of the entries", () => {
  assertEquals(decodeMsrs(encodeMsrs([[1, 7n], [2, 2n ** 64n - 1n]])), [7n, 2n ** 64n - 1n]);
  assertEquals(decodeMsrs(encodeMsrs([])), []);
});

Deno.test("decodeMsrList() reads the indices behind their count", () => {
  const bytes = msrListBuffer(2);
  assertEquals(bytes.length, 12);
  assertEquals(bytes[0], 2);
  new DataView(bytes.buffer).setUint32(4, 0xc000_0080, true);
  assertEquals(decodeMsrList(bytes), [0xc000_0080, 0]);
  assertEquals(decodeMsrList(msrListBuffer(0)), []);
});
