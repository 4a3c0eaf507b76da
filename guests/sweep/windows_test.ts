import { assertEquals } from "@std/assert";
import { MSR_WINDOWS, msrIndices, windowName, windowText } from "./windows.ts";

Deno.test("MSR_WINDOWS go up and have 25,344 MSRs in all", () => {
  assertEquals(msrIndices(MSR_WINDOWS).length, 25_344);
  const ends = MSR_WINDOWS.flatMap(({ first, last }) => [first, last]);
  assertEquals(ends, ends.toSorted((a, b) => a - b));
});

Deno.test("windowText() names one index or a range, and windowName() what is there", () => {
  assertEquals(windowText({ first: 16, last: 16 }), "0x10");
  assertEquals(windowText({ first: 16, last: 31 }), "0x10-0x1f");
  assertEquals(windowName({ first: 0x4000_0010, last: 0x4000_0020 }), MSR_WINDOWS[1]!.name);
  assertEquals(windowName({ first: 0x2000, last: 0x2001 }), undefined);
});
