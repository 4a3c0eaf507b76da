import { assert, assertEquals } from "@std/assert";
import { partOfSweep } from "./steps.ts";

Deno.test("partOfSweep() goes on from where the step before ended, up to 1", () => {
  const part = (step: Parameters<typeof partOfSweep>[0], done: number): number =>
    partOfSweep(step, { done, total: 10, allBits: false });
  assertEquals(part("reads", 0), 0);
  assertEquals(part("reads", 10), part("reads again", 0));
  assert(part("writes", 5) > part("writes", 0));
  assertEquals(part("exits counted", 10), 1);
  // A step without work is done at once.
  const nothing = partOfSweep("filter", { done: 0, total: 0, allBits: false });
  assertEquals(nothing, part("filter", 10));
});

Deno.test("partOfSweep() gives most of a sweep of all bits to the bits of unknown MSRs", () => {
  const share = (allBits: boolean): number => {
    const at = (done: number): number =>
      partOfSweep("bits of unknown MSRs", { done, total: 1, allBits });
    return at(1) - at(0);
  };
  assert(share(true) > 0.5);
  assert(share(false) < 0.5);
});
