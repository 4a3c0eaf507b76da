/**
 * The pair of filters that races are run with unless they are given others.
 *
 * @module
 */
import { Msr } from "../../kvm/abi/msr.ts";
import { MsrFilter, type MsrRange } from "../../kvm/msr_filter.ts";
import type { RacePair, RaceProbe } from "./pair.ts";

const PAT = 0x0007_0406_0007_0406n;
const CS = 0x1111n;
const BASE = 0x1234_5000n;

/**
 * What the guests repeat, denied and allowed by turns, so that neither kind of
 * wrong filter has a gap. The MSRs are of both hardware bitmaps and outside
 * them, and several of those that the hardware hands to the guest. What a
 * denied write would leave behind, an allowed read of the same MSR shows.
 */
export const STANDARD_PROBES: readonly RaceProbe[] = [
  { kind: "read", index: Msr.IA32_SYSENTER_CS, value: CS, a: true, b: true },
  { kind: "write", index: Msr.IA32_SYSENTER_CS, value: 0x2222n, a: false, b: false },
  { kind: "read", index: Msr.KERNEL_GS_BASE, value: BASE, a: true, b: true },
  { kind: "read", index: Msr.SYSCALL_MASK, a: false, b: false },
  { kind: "read", index: Msr.IA32_SYSENTER_ESP, value: 0n, a: false, b: true },
  { kind: "read", index: Msr.STAR, value: 0n, a: true, b: true },
  { kind: "read", index: 0x4b56_4d01, a: false, b: false },
  { kind: "write", index: Msr.KERNEL_GS_BASE, value: BASE, a: true, b: true },
  { kind: "write", index: Msr.LSTAR, value: 0x3333n, a: false, b: false },
  { kind: "read", index: Msr.LSTAR, value: 0n, a: true, b: true },
  { kind: "write", index: Msr.STAR, value: 0n, a: false, b: true },
  { kind: "read", index: Msr.IA32_PAT, value: PAT, a: true, b: true },
  { kind: "read", index: Msr.CSTAR, a: false, b: false },
  { kind: "read", index: Msr.IA32_SYSENTER_EIP, value: 0n, a: true, b: false },
];

/** Ranges that match nothing that is probed; a filter with all 16 takes longest to build. */
function fillers(count: number): MsrRange[] {
  return Array.from({ length: count }, (_, i) => ({
    base: 0x474f_4f00 + i * 0x100,
    count: 0x80,
    deny: "read-write" as const,
  }));
}

function rangesOf(probes: readonly RaceProbe[], verdict: "deny" | "allow"): MsrRange[] {
  const ranges = probes.map(({ kind, index: base }): MsrRange =>
    verdict === "deny" ? { base, count: 1, deny: kind } : { base, count: 1, allow: kind }
  );
  const half = Math.floor(ranges.length / 2);
  // Some in the first slots and some in the last, with what matches nothing between them.
  return [...ranges.slice(0, half), ...fillers(16 - ranges.length), ...ranges.slice(half)];
}

/**
 * Two filters of 16 ranges each, which agree on some MSRs and differ on others:
 * A allows what it does not name, B denies it. The 14 accesses are of both
 * hardware bitmaps and outside them.
 */
export const STANDARD_PAIR: RacePair = {
  a: new MsrFilter({
    default: "allow",
    ranges: rangesOf(STANDARD_PROBES.filter(({ a }) => !a), "deny"),
  }),
  b: new MsrFilter({
    default: "deny",
    ranges: rangesOf(STANDARD_PROBES.filter(({ b }) => b), "allow"),
  }),
  accesses: STANDARD_PROBES.map(({ kind, index, value }) => ({ kind, index, value })),
  msrs: [
    [Msr.IA32_SYSENTER_CS, CS],
    [Msr.IA32_SYSENTER_ESP, 0n],
    [Msr.IA32_SYSENTER_EIP, 0n],
    [Msr.IA32_PAT, PAT],
    [Msr.STAR, 0n],
    [Msr.LSTAR, 0n],
    [Msr.CSTAR, 0n],
    [Msr.SYSCALL_MASK, 0x4_7700n],
    [Msr.KERNEL_GS_BASE, BASE],
  ],
};
