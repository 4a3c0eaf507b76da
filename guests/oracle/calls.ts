/**
 * Random raw calls: fields of every kind, most of them nearly right.
 *
 * @module
 */
import fc, { type Arbitrary } from "fast-check";
import { EDGE_INDICES } from "./probes.ts";
import type { BitmapPlace, RawCall, RawSlot } from "./refusals.ts";

function words(): Arbitrary<number> {
  return fc.oneof(
    fc.nat({ max: 31 }).map((bit) => (1 << bit) >>> 0),
    fc.integer({ min: 0, max: 0xffff_ffff }),
  );
}

function slots(): Arbitrary<RawSlot> {
  const places: readonly BitmapPlace[] = ["null", "unmapped", "kernel", "cut"];
  return fc.record({
    flags: fc.oneof(
      { arbitrary: fc.constantFrom(1, 2, 3), weight: 12 },
      { arbitrary: fc.oneof(fc.constant(0), words()), weight: 1 },
    ),
    nmsrs: fc.oneof(
      { arbitrary: fc.constant(0), weight: 3 },
      { arbitrary: fc.integer({ min: 1, max: 130 }), weight: 8 },
      { arbitrary: fc.constantFrom(0x2fff, 0x3000), weight: 1 },
      { arbitrary: fc.constantFrom(0x3001, 0x8000_0000, 0xffff_ffc1, 0xffff_ffff), weight: 1 },
    ),
    base: fc.oneof(fc.constantFrom(...EDGE_INDICES), fc.integer({ min: 0, max: 0xffff_ffff })),
    place: fc.oneof(
      { arbitrary: fc.constant("readable" as const), weight: 12 },
      { arbitrary: fc.constantFrom(...places), weight: 1 },
    ),
    seed: fc.nat(),
  });
}

/**
 * Calls of the filter's ioctls, about half of which the kernel must refuse.
 *
 * @example Usage
 * ```ts
 * import { assert } from "@std/assert";
 * import fc from "fast-check";
 * import { rawCalls } from "@trapline/trapline/oracle";
 *
 * const names = ["X86_SET_MSR_FILTER", "ENABLE_CAP"];
 * fc.assert(fc.property(rawCalls(), ({ name }) => assert(names.includes(name))));
 * ```
 */
export function rawCalls(): Arbitrary<RawCall> {
  const filters = fc.record({
    name: fc.constant("X86_SET_MSR_FILTER" as const),
    flags: fc.oneof(
      { arbitrary: fc.constantFrom(0, 1), weight: 8 },
      { arbitrary: words(), weight: 1 },
    ),
    slots: fc.oneof(
      fc.array(slots(), { maxLength: 4 }),
      fc.array(slots(), { maxLength: 16, size: "max" }),
    ),
  });
  const masks = fc.oneof(
    { arbitrary: fc.bigInt(0n, 7n), weight: 4 },
    { arbitrary: fc.nat({ max: 63 }).map((bit) => 1n << BigInt(bit)), weight: 1 },
    { arbitrary: fc.bigInt(0n, (1n << 64n) - 1n), weight: 1 },
  );
  const caps = fc.record({
    name: fc.constant("ENABLE_CAP" as const),
    flags: fc.oneof({ arbitrary: fc.constant(0), weight: 5 }, { arbitrary: words(), weight: 1 }),
    args: fc.tuple(masks, fc.bigInt(0n, (1n << 64n) - 1n)),
  });
  return fc.oneof({ arbitrary: filters, weight: 4 }, { arbitrary: caps, weight: 1 });
}
