/**
 * Random filters that are nasty on purpose: many ranges, overlaps, holes, all
 * flags, lengths about 8, 64 and the most that the kernel takes, and bases and
 * ends at every edge.
 *
 * @module
 */
import fc, { type Arbitrary } from "fast-check";
import { MSR_EXIT_REASONS } from "../../kvm/msr_exit_reason.ts";
import { MAX_MSRS_PER_RANGE, type RawMsrFilter, type RawMsrRange } from "../../kvm/msr_filter.ts";
import type { FilterTrial } from "./disagreement.ts";
import { EDGE_INDICES } from "./probes.ts";
import { randomSource } from "./random.ts";

const SLOTS = 16;
const WORD_BITS = 64;

function aroundEdges(): Arbitrary<number> {
  return fc.tuple(fc.constantFrom(...EDGE_INDICES), fc.integer({ min: -70, max: 70 }))
    .map(([edge, offset]) => (edge + offset) >>> 0);
}

/** Bases: at edges, among the MSRs that exist, and anywhere; near each other, so that ranges overlap. */
function bases(): Arbitrary<number> {
  return fc.oneof(
    { arbitrary: aroundEdges(), weight: 3 },
    { arbitrary: fc.integer({ min: 0, max: 0x3ff }), weight: 2 },
    { arbitrary: fc.integer({ min: 0xc000_0080, max: 0xc000_0110 }), weight: 2 },
    { arbitrary: fc.integer({ min: 0, max: 0xffff_ffff }), weight: 1 },
  );
}

function lengths(): Arbitrary<number> {
  return fc.oneof(
    { arbitrary: fc.constantFrom(1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 128, 129), weight: 4 },
    { arbitrary: fc.integer({ min: 1, max: 300 }), weight: 2 },
    { arbitrary: fc.constantFrom(MAX_MSRS_PER_RANGE - 1, MAX_MSRS_PER_RANGE), weight: 1 },
    { arbitrary: fc.integer({ min: 1, max: MAX_MSRS_PER_RANGE }), weight: 1 },
  );
}

/** What a bitmap is filled with: one bit set, one bit clear, or bits by a seed. */
type Filling =
  | { readonly fill: "allow" | "deny"; readonly except: number }
  | { readonly seed: number };

function fillings(): Arbitrary<Filling> {
  const at = fc.oneof(fc.constantFrom(0, 63, 64, -1), fc.nat());
  return fc.oneof(
    fc.record({ fill: fc.constantFrom("deny" as const, "allow" as const), except: at }),
    fc.record({ seed: fc.nat() }),
  );
}

function bitmapOf(nmsrs: number, filling: Filling): Uint8Array {
  // In whole words of 8 bytes, as KVM reads it; what lies past the last MSR is noise to it.
  const bitmap = new Uint8Array(Math.ceil(nmsrs / WORD_BITS) * 8);
  if ("seed" in filling) {
    const random = randomSource(filling.seed);
    return bitmap.map(() => random() >>> 24);
  }
  if (filling.fill === "allow") bitmap.fill(0xff);
  const bit = filling.except === -1 ? nmsrs - 1 : filling.except % nmsrs;
  bitmap[bit >>> 3]! ^= 1 << (bit & 7);
  return bitmap;
}

/** Where ranges lie, by their lengths: from some base on, or up to an edge, give or take one. */
function places(): Arbitrary<(nmsrs: number) => number> {
  const ends = fc.tuple(fc.constantFrom(...EDGE_INDICES), fc.integer({ min: -1, max: 1 }));
  return fc.oneof(
    { arbitrary: bases().map((base) => () => base), weight: 2 },
    {
      arbitrary: ends.map(([edge, offset]) => (nmsrs: number) => (edge + 1 - nmsrs + offset) >>> 0),
      weight: 1,
    },
  );
}

function ranges(): Arbitrary<RawMsrRange> {
  return fc.tuple(fc.constantFrom(1, 2, 3), places(), lengths(), fillings())
    .map(([flags, baseOf, nmsrs, filling]) => ({
      flags,
      nmsrs,
      base: baseOf(nmsrs),
      bitmap: bitmapOf(nmsrs, filling),
    }));
}

const HOLE: RawMsrRange = { flags: 0, nmsrs: 0, base: 0, bitmap: 0n };

/** Slots without MSRs, which the kernel passes over whatever else they hold. */
function holes(): Arbitrary<RawMsrRange> {
  const garbage = fc.record({
    flags: fc.oneof(fc.constantFrom(1, 2, 3), fc.integer({ min: 0, max: 0xffff_ffff })),
    nmsrs: fc.constant(0),
    base: bases(),
    bitmap: fc.bigInt(0n, (1n << 64n) - 1n),
  });
  return fc.oneof(fc.constant(HOLE), garbage);
}

function slots(): Arbitrary<RawMsrRange> {
  return fc.oneof({ arbitrary: ranges(), weight: 6 }, { arbitrary: holes(), weight: 1 });
}

/**
 * Filters that the kernel accepts, up to 16 slots of them, for properties of
 * `fast-check`. They shrink to fewer, shorter and emptier ranges.
 *
 * @example Usage
 * ```ts
 * import { assert } from "@std/assert";
 * import fc from "fast-check";
 * import { msrFilters } from "@trapline/trapline/oracle";
 *
 * fc.assert(fc.property(msrFilters(), ({ ranges }) => assert(ranges.length <= 16)));
 * ```
 */
export function msrFilters(): Arbitrary<RawMsrFilter> {
  return fc.record({
    flags: fc.constantFrom(0, 1),
    ranges: fc.oneof(
      fc.array(slots(), { maxLength: SLOTS, size: "max" }),
      fc.array(ranges(), { minLength: SLOTS, maxLength: SLOTS, size: "max" }),
    ),
    // A default of deny without ranges is refused: it gets one that decides nothing else.
  }).map(({ flags, ranges }) =>
    flags === 1 && ranges.every(({ nmsrs }) => nmsrs === 0)
      ? { flags, ranges: [{ flags: 3, nmsrs: 1, base: 0, bitmap: new Uint8Array(8) }] }
      : { flags, ranges }
  );
}

/**
 * Trials of such filters, under every set of reasons. With `elsewhere` they
 * ask the same indices anywhere.
 *
 * @example Usage
 * ```ts
 * import { assert } from "@std/assert";
 * import fc from "fast-check";
 * import { filterTrials } from "@trapline/trapline/oracle";
 *
 * const trials = filterTrials({ forcedEmulation: true });
 * fc.assert(fc.property(trials, (trial) => assert(trial.forcedEmulation)));
 * ```
 */
export function filterTrials(
  { forcedEmulation = false, elsewhere }: {
    readonly forcedEmulation?: boolean;
    readonly elsewhere?: number;
  } = {},
): Arbitrary<FilterTrial> {
  return fc.record({
    filter: msrFilters(),
    reasons: fc.subarray([...MSR_EXIT_REASONS]),
    forcedEmulation: fc.constant(forcedEmulation),
    seed: fc.nat(),
    ...(elsewhere !== undefined && { elsewhere: fc.constant(elsewhere) }),
  });
}
