import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../misuse.ts";
import { parseRanges } from "./ranges.ts";

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
