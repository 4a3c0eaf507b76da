import { assertEquals } from "@std/assert";
import { logOfMissing } from "./chance.ts";

const RATES = {
  accessesWhileChanging: 5000,
  changingSeconds: 0.5, // 10,000 accesses a second
  processors: 2,
  seconds: 2,
  swaps: 200, // 100 a second
  tellingShare: 5 / 14,
};

Deno.test("logOfMissing() is that of arrivals by pure chance", () => {
  // 10,000 accesses a second are 0.357 telling ones in 100 us; 10 s are 1,000 windows.
  assertEquals(Math.round(logOfMissing(RATES, 100, 10)), -357);
  assertEquals(Math.round(logOfMissing(RATES, 100)), -71);
  assertEquals(Math.round(logOfMissing(RATES, 1000)), -714);
});

Deno.test("logOfMissing() is 0 where nothing is sure: without accesses, swaps or a second processor", () => {
  const logs = [
    { accessesWhileChanging: 0 },
    { swaps: 0, changingSeconds: 0, accessesWhileChanging: 0 },
    { tellingShare: 0 },
    { processors: 1 },
  ].map((change) => Math.abs(logOfMissing({ ...RATES, ...change }, 100)));
  assertEquals(logs, [0, 0, 0, 0]);
});
