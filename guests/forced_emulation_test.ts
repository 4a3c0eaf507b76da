import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { isEmulationForced, withForcedEmulation } from "./forced_emulation.ts";

Deno.test("withForcedEmulation() holds until its body returns or throws, and nests", () => {
  assertEquals(withForcedEmulation(() => [isEmulationForced(), 7]), [true, 7]);
  assertEquals(isEmulationForced(), false);
  assertThrows(() =>
    withForcedEmulation(() => {
      throw new RangeError("from the body");
    }), RangeError);
  assertEquals(isEmulationForced(), false);
  withForcedEmulation(() => {
    withForcedEmulation(() => {});
    assertEquals(isEmulationForced(), true);
  });
  assertEquals(isEmulationForced(), false);
});

Deno.test("withForcedEmulation() holds until the promise of its body settles", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const seen = withForcedEmulation(async () => {
    await promise;
    return isEmulationForced();
  });
  assertEquals(isEmulationForced(), true);
  resolve();
  assertEquals(await seen, true);
  assertEquals(isEmulationForced(), false);
  await assertRejects(() => withForcedEmulation(() => Promise.reject(new RangeError("late"))));
  assertEquals(isEmulationForced(), false);
});
