import { assertEquals, assertThrows } from "@std/assert";
import { parseTimeScale } from "./time_scale.ts";

Deno.test("parseTimeScale() is 1 where nothing is said", () => {
  assertEquals([undefined, "", "30", "0.5"].map(parseTimeScale), [1, 1, 30, 0.5]);
});

Deno.test("parseTimeScale() refuses what is no positive number", () => {
  for (const text of ["0", "-1", "fast", "Infinity"]) {
    assertThrows(() => parseTimeScale(text), RangeError, text);
  }
});
