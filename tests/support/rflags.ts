/**
 * RFLAGS that a ring 0 guest can load with POPFQ and run on with (SDM volume 1
 * section 3.4.3).
 *
 * @module
 */

/** CF, PF, AF, ZF, SF, IF, DF, OF, both bits of IOPL, NT, AC and ID. */
const LOADABLE = [0, 2, 4, 6, 7, 9, 10, 11, 12, 13, 14, 18, 21];

/** Bit 1, which is always set. */
const ALWAYS = 2n;

/** The resume flag, which the CPU sets in the RFLAGS that a fault pushes. */
export const RFLAGS_RF = 1n << 16n;

/** Every flag that can be loaded, set. */
export const ALL_RFLAGS: bigint = LOADABLE.reduce(
  (flags, bit) => flags | 1n << BigInt(bit),
  ALWAYS,
);

/** None of the flags, each one alone, and all of them. */
export const RFLAGS_PATTERNS: readonly bigint[] = [
  ALWAYS,
  ...LOADABLE.map((bit) => 1n << BigInt(bit) | ALWAYS),
  ALL_RFLAGS,
];
