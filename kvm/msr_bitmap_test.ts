import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { msrBitmap, msrBitmapSize } from "./msr_bitmap.ts";

Deno.test("msrBitmapSize() rounds up to whole words of eight bytes", () => {
  const sizes = [0, 1, 8, 63, 64, 65, 128, 0x3000].map(msrBitmapSize);
  assertEquals(sizes, [0, 8, 8, 8, 8, 16, 16, 0x600]);
});

Deno.test("msrBitmap() puts offset 8 * n + b into bit b of byte n", () => {
  const bitmap = msrBitmap(70, [0, 7, 8, 69]);
  assertEquals([...bitmap], [0x81, 1, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("msrBitmap() reaches the last of the 0x3000 MSRs of a range", () => {
  const bitmap = msrBitmap(0x3000, [0x2fff]);
  assertEquals([bitmap.length, bitmap.at(-1)], [0x600, 0x80]);
});

Deno.test("msrBitmap() refuses offsets that are not in the range", () => {
  for (const offset of [12, -1, 1.5, NaN, 2 ** 32]) {
    assertThrows(() => msrBitmap(12, [offset]), RangeError, `${offset}: the range has 12 MSRs`);
  }
});

Deno.test("msrBitmap() sets exactly the allowed offsets, for every set of them", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.infiniteStream(fc.nat()), (n, some) => {
      const allowed = new Set([...some.take(20)].map((offset) => offset % n));
      const bitmap = msrBitmap(n, allowed);
      const set = Array.from({ length: 8 * bitmap.length }, (_, i) => i)
        .filter((i) => bitmap[i >> 3]! >> (i & 7) & 1);
      assertEquals(set, [...allowed].sort((a, b) => a - b));
    }),
  );
});
