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
import type { RandomSource } from "./random.ts";
import { HARMLESS } from "./values.ts";

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

/** Offsets within a range at which a wrong bit, byte, word or length would show. */
function offsetsOf({ nmsrs }: RawMsrRange, random: RandomSource, inside: number): number[] {
  const offsets = [-1, 0, 1, 7, 8, 31, 32, 62, 63, 64, 65, 127, 128, nmsrs - 1, nmsrs, nmsrs + 1];
  for (const word of [nmsrs - (nmsrs % 64), nmsrs - (nmsrs % 8)]) offsets.push(word - 1, word);
  for (let i = 0; i < inside; i++) offsets.push(random() % Math.max(1, nmsrs));
  return offsets;
}

/** Which kinds of access an index is asked by, as flags: some thousand of them for every filter. */
const READ = 1;
const WRITE = 2;
const BOTH = READ | WRITE;

/** The kinds of access that the filter denies: then to ask does nothing to the guest. */
function deniedKinds(filter: RawMsrFilter, index: number): number {
  const read = filterAllows(filter, { kind: "read", index }) ? 0 : READ;
  return filterAllows(filter, { kind: "write", index }) ? read : read | WRITE;
}

/** The kinds that do no harm where an MSR has a name: reads, and writes of harmless values. */
function namedKinds(filter: RawMsrFilter, index: number): number {
  const isWritten = HARMLESS.has(index) || !filterAllows(filter, { kind: "write", index });
  return isWritten ? BOTH : READ;
}

function countOf(kinds: number): number {
  return kinds === BOTH ? 2 : 1;
}

function ask(probes: Probe[], index: number, kinds: number, gentle: boolean): void {
  if ((kinds & READ) !== 0) probes.push({ kind: "read", index, gentle });
  if ((kinds & WRITE) !== 0) probes.push({ kind: "write", index, gentle });
}

function inSomeSpace(random: RandomSource): number {
  const { first, count } = SPACES[random() % SPACES.length]!;
  return first + random() % count;
}

/**
 * The accesses by which `filter` is asked, about `count` of them: reads and
 * writes of the same indices at the edges, inside the ranges and anywhere; of
 * each MSR with a name here a read, and a write where the filter denies it or
 * a harmless value is known; and where MSRs are, what the filter denies.
 * `elsewhere` gives those that may be anywhere.
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
  const gentle = new Map<number, number>();
  for (const index of Object.values(Msr)) {
    if (!indices.has(index)) gentle.set(index, namedKinds(filter, index));
  }
  let asked = indices.size * 2;
  for (const kinds of gentle.values()) asked += countOf(kinds);
  while (asked < count) {
    const index = inSomeSpace(random);
    const kinds = random() % 4 === 0 ? 0 : deniedKinds(filter, index);
    if (kinds === 0) {
      indices.add(elsewhere());
      asked += 2;
    } else if (!indices.has(index) && !gentle.has(index)) {
      gentle.set(index, kinds);
      asked += countOf(kinds);
    }
  }
  const probes: Probe[] = [];
  for (const index of indices) ask(probes, index, BOTH, false);
  // What is at an edge or anywhere is asked already.
  for (const [index, kinds] of gentle) if (!indices.has(index)) ask(probes, index, kinds, true);
  return probes;
}
