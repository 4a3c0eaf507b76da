/**
 * Where a filter is asked: in the middle and at the edges of each of its
 * ranges, at the edges of the spaces that MSRs live in, where it denies MSRs
 * that processors and KVM have, and anywhere.
 *
 * @module
 */
import { Msr } from "../../kvm/abi/msr.ts";
import type { RawMsrFilter, RawMsrRange } from "../../kvm/msr_filter.ts";
import { type AskedAccess, filterAllows } from "./model.ts";

/**
 * Indices at which something ends: the hardware's bitmaps, the x2APIC MSRs,
 * the paravirtual spaces, and the 32 bits of an index.
 */
export const EDGE_INDICES: readonly number[] = [
  0x0,
  0x7ff,
  0x800,
  0x8ff,
  0x900,
  0x1fff,
  0x2000,
  0x2fff,
  0x3000,
  0x3fff_ffff,
  0x4000_0000,
  0x4b56_4d00,
  0x4b56_4dff,
  0x7fff_ffff,
  0x8000_0000,
  0xbfff_ffff,
  0xc000_0000,
  0xc000_1fff,
  0xc000_2000,
  0xc001_0000,
  0xc001_1fff,
  0xc001_2000,
  0xffff_ffff,
];

/** Where MSRs are: both hardware bitmaps' spaces, Hyper-V's, KVM's, and AMD's second. */
const SPACES: readonly { readonly first: number; readonly count: number }[] = [
  { first: 0x0, count: 0x2000 },
  { first: 0xc000_0000, count: 0x2000 },
  { first: 0xc001_0000, count: 0x2000 },
  { first: 0x4000_0000, count: 0x200 },
  { first: 0x4b56_4d00, count: 0x100 },
];

/** An access by which a filter is asked. */
export interface Probe extends AskedAccess {
  /** Whether the MSR may exist: what is written there should do no harm if the filter fails. */
  readonly gentle: boolean;
}

/** A generator of numbers that gives the same ones for the same seed (mulberry32). */
export type RandomSource = () => number;

/** Starts a {@linkcode RandomSource}; it gives integers of 32 bits. */
export function randomSource(seed: number): RandomSource {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Offsets within a range at which a wrong bit, byte, word or length would show. */
function offsetsOf({ nmsrs }: RawMsrRange, random: RandomSource, inside: number): number[] {
  const offsets = [-1, 0, 1, 7, 8, 31, 32, 62, 63, 64, 65, 127, 128, nmsrs - 1, nmsrs, nmsrs + 1];
  for (const word of [nmsrs - (nmsrs % 64), nmsrs - (nmsrs % 8)]) offsets.push(word - 1, word);
  for (let i = 0; i < inside; i++) offsets.push(random() % Math.max(1, nmsrs));
  return offsets;
}

/** Whether the filter denies reads and writes: then to ask does nothing to the guest. */
function deniesBoth(filter: RawMsrFilter, index: number): boolean {
  return !filterAllows(filter, { kind: "read", index }) &&
    !filterAllows(filter, { kind: "write", index });
}

function inSomeSpace(random: RandomSource): number {
  const { first, count } = SPACES[random() % SPACES.length]!;
  return first + random() % count;
}

/**
 * The accesses by which `filter` is asked, reads and writes of the same
 * indices, about `count` of them and at least those at the edges and those of
 * the MSRs with a name here that it denies. `elsewhere` gives those that may
 * be anywhere.
 */
export function probesOf(
  filter: RawMsrFilter,
  random: RandomSource,
  count: number,
  elsewhere: RandomSource = random,
): Probe[] {
  const ranges = filter.ranges.filter(({ nmsrs }) => nmsrs > 0);
  const inside = Math.max(8, Math.floor(count * 3 / 8 / Math.max(1, ranges.length)) - 32);
  const indices = new Set<number>();
  for (const range of ranges) {
    for (const offset of offsetsOf(range, random, inside)) {
      indices.add((range.base + offset) >>> 0);
    }
  }
  for (const edge of EDGE_INDICES) {
    for (const offset of [-1, 0, 1]) indices.add((edge + offset) >>> 0);
  }
  // A processor may let pass what it knows, so MSRs that exist tell more than any other index.
  const gentle = new Set<number>(Object.values(Msr).filter((index) => deniesBoth(filter, index)));
  for (const index of indices) gentle.delete(index);
  while ((indices.size + gentle.size) * 2 < count) {
    const index = inSomeSpace(random);
    if (random() % 4 === 0 || !deniesBoth(filter, index)) indices.add(elsewhere());
    else if (!indices.has(index)) gentle.add(index);
  }
  const ask = (index: number, gentle: boolean): Probe[] => [
    { kind: "read", index, gentle },
    { kind: "write", index, gentle },
  ];
  return [
    ...[...indices].flatMap((index) => ask(index, false)),
    ...[...gentle].flatMap((index) => ask(index, true)),
  ];
}
