import { assertEquals } from "@std/assert";
import { readHost } from "@trapline/trapline";
import type { Facts } from "./facts.ts";
import { isKernelFrom, kernelOutside } from "./kernel_version.ts";

function kernel(major: number, minor: number): Facts {
  return {
    host: { ...readHost(), kernelVersion: [major, minor] },
    unavailable: undefined,
    vendorModule: "",
  };
}

Deno.test("isKernelFrom() compares major and minor versions as numbers", () => {
  const from = (facts: Facts): boolean => isKernelFrom(facts, [6, 1]);
  assertEquals(
    [[5, 10], [6, 0], [6, 1], [6, 12], [7, 0]].map(([major, minor]) =>
      from(kernel(major!, minor!))
    ),
    [false, false, true, true, true],
  );
});

Deno.test("kernelOutside() gives the reason from the first version up to the last, without it", () => {
  const requirement = kernelOutside([5, 11], [6, 1], "they differ");
  assertEquals(
    [[5, 10], [5, 11], [5, 15], [6, 0], [6, 1]].map(([major, minor]) =>
      requirement(kernel(major!, minor!))
    ),
    [
      undefined,
      "kernel 5.11: they differ",
      "kernel 5.15: they differ",
      "kernel 6.0: they differ",
      undefined,
    ],
  );
});
