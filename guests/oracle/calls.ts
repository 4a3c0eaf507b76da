/**
 * Random raw calls: fields of every kind, most of them nearly right.
 *
 * @module
 */
import fc, { type Arbitrary } from "fast-check";
import { EDGE_INDICES } from "./probes.ts";
import type { ArgumentPlace, BitmapPlace, RawCall, RawSlot } from "./refusals.ts";

const UNREADABLE: readonly BitmapPlace[] = ["null", "unmapped", "kernel", "cut"];

function words(): Arbitrary<number> {
  return fc.oneof(
    fc.nat({ max: 31 }).map((bit) => (1 << bit) >>> 0),
    fc.integer({ min: 0, max: 0xffff_ffff }),
  );
}

function slots(): Arbitrary<RawSlot> {
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
      { arbitrary: fc.constantFrom(...UNREADABLE), weight: 1 },
    ),
    seed: fc.nat(),
  });
}

/** Where arguments lie, most of them in good memory, and what is between their members. */
function argumentFields(): {
  argument: Arbitrary<ArgumentPlace>;
  padding: Arbitrary<number>;
} {
  return {
    argument: fc.oneof(
      { arbitrary: fc.constant("readable" as const), weight: 12 },
      { arbitrary: fc.constant("end" as const), weight: 2 },
      { arbitrary: fc.constantFrom(...UNREADABLE), weight: 1 },
    ),
    padding: fc.oneof(fc.constant(0), fc.nat()),
  };
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
  const u64 = fc.bigInt(0n, (1n << 64n) - 1n);
  const filters = fc.record({
    ...argumentFields(),
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
    { arbitrary: u64, weight: 1 },
  );
  const caps = fc.record({
    ...argumentFields(),
    name: fc.constant("ENABLE_CAP" as const),
    flags: fc.oneof({ arbitrary: fc.constant(0), weight: 5 }, { arbitrary: words(), weight: 1 }),
    args: fc.tuple(masks, u64, u64, u64),
  });
  return fc.oneof({ arbitrary: filters, weight: 4 }, { arbitrary: caps, weight: 1 });
}
