import { assertEquals, assertThrows } from "@std/assert";
import { ratios, spread } from "./pairs.ts";

Deno.test("spread() takes the middle value, or the middle of the two", () => {
  assertEquals(spread([3, 1, 2]), { median: 2, min: 1, max: 3 });
  assertEquals(spread([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 });
  assertEquals(spread([7]), { median: 7, min: 7, max: 7 });
});

Deno.test("spread() refuses to take the median of nothing", () => {
  assertThrows(() => spread([]), RangeError, "no values");
});

Deno.test("ratios() divides over by under, whichever goes first", async () => {
  const log: string[] = [];
  const batch = (name: string, time: number) => (warmUp: number, count: number) => {
    log.push(`${name} ${warmUp} ${count}`);
    return time * count;
  };
  const sampling = { pairs: 2, count: 10, warmUp: 1, prime: 100 };
  assertEquals(await ratios(batch("over", 6), batch("under", 3), sampling), [2, 2]);
  assertEquals(log, [
    "over 0 100",
    "under 0 100",
    "over 1 10",
    "under 1 10",
    "under 1 10",
    "over 1 10",
  ]);
});
