import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../misuse.ts";
import { indicesOf, parseRanges, windowName, WINDOWS, windowText } from "./windows.ts";

Deno.test("WINDOWS go up and have 25,344 MSRs in all", () => {
  assertEquals(indicesOf(WINDOWS).length, 25_344);
  const ends = WINDOWS.flatMap(({ first, last }) => [first, last]);
  assertEquals(ends, ends.toSorted((a, b) => a - b));
});

Deno.test("parseRanges() reads indices and ranges, and puts them in order", () => {
  assertEquals(parseRanges("0xC0000080, 0x10-0x12,5"), [
    { first: 5, last: 5 },
    { first: 0x10, last: 0x12 },
    { first: 0xc000_0080, last: 0xc000_0080 },
  ]);
});

Deno.test("parseRanges() refuses what is no range", () => {
  assertThrows(() => parseRanges("ten"), MisuseError, '"ten"');
  assertThrows(() => parseRanges(""), MisuseError);
  assertThrows(() => parseRanges("0x20-0x10"), MisuseError, "go up");
  assertThrows(() => parseRanges("0x100000000"), MisuseError, "0xffffffff");
  assertThrows(() => parseRanges("0-0x10,0x10"), MisuseError, "overlap");
});

Deno.test("windowText() names one index or a range, and windowName() what is there", () => {
  assertEquals(windowText({ first: 16, last: 16 }), "0x10");
  assertEquals(windowText({ first: 16, last: 31 }), "0x10-0x1f");
  assertEquals(windowName({ first: 0x4000_0010, last: 0x4000_0020 }), WINDOWS[1]!.name);
  assertEquals(windowName({ first: 0x2000, last: 0x2001 }), undefined);
});
