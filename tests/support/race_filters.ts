/**
 * Two filters that agree on some accesses and differ on others, and what may
 * come of each access while one replaces the other.
 *
 * @module
 */
import { Msr, MsrFilter, type MsrRange, type Vcpu } from "@trapline/trapline";
import type { Outcome, Phase, RaceAccess } from "./race_guest.ts";

/** An access, and which of the two filters let it pass. */
export interface RaceProbe extends RaceAccess {
  /** Whether filter A allows it. */
  readonly a: boolean;
  /** Whether filter B allows it. */
  readonly b: boolean;
}

const PAT = 0x0007_0406_0007_0406n;
const CS = 0x1111n;
const BASE = 0x1234_5000n;

/**
 * What the guests repeat, denied and allowed by turns, so that neither kind of
 * wrong filter has a gap. The MSRs are of both hardware bitmaps and outside
 * them, and several of those that the hardware hands to the guest. What a
 * denied write would leave behind, an allowed read of the same MSR shows.
 */
export const PROBES: readonly RaceProbe[] = [
  { kind: "read", index: Msr.IA32_SYSENTER_CS, value: CS, a: true, b: true },
  { kind: "write", index: Msr.IA32_SYSENTER_CS, value: 0x2222n, a: false, b: false },
  { kind: "read", index: Msr.KERNEL_GS_BASE, value: BASE, a: true, b: true },
  { kind: "read", index: Msr.SYSCALL_MASK, value: undefined, a: false, b: false },
  { kind: "read", index: Msr.IA32_SYSENTER_ESP, value: 0n, a: false, b: true },
  { kind: "read", index: Msr.STAR, value: 0n, a: true, b: true },
  { kind: "read", index: 0x4b56_4d01, value: undefined, a: false, b: false },
  { kind: "write", index: Msr.KERNEL_GS_BASE, value: BASE, a: true, b: true },
  { kind: "write", index: Msr.LSTAR, value: 0x3333n, a: false, b: false },
  { kind: "read", index: Msr.LSTAR, value: 0n, a: true, b: true },
  { kind: "write", index: Msr.STAR, value: 0n, a: false, b: true },
  { kind: "read", index: Msr.IA32_PAT, value: PAT, a: true, b: true },
  { kind: "read", index: Msr.CSTAR, value: undefined, a: false, b: false },
  { kind: "read", index: Msr.IA32_SYSENTER_EIP, value: 0n, a: true, b: false },
];

/** Gives the MSRs the values that the probes expect. */
export function setProbedMsrs(vcpu: Vcpu): void {
  vcpu.setMsrs([
    [Msr.IA32_SYSENTER_CS, CS],
    [Msr.IA32_SYSENTER_ESP, 0n],
    [Msr.IA32_SYSENTER_EIP, 0n],
    [Msr.IA32_PAT, PAT],
    [Msr.STAR, 0n],
    [Msr.LSTAR, 0n],
    [Msr.KERNEL_GS_BASE, BASE],
  ]);
}

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

/** Allows what it does not name. */
export const FILTER_A: MsrFilter = new MsrFilter({
  default: "allow",
  ranges: rangesOf(PROBES.filter(({ a }) => !a), "deny"),
});

/** Denies what it does not name. */
export const FILTER_B: MsrFilter = new MsrFilter({
  default: "deny",
  ranges: rangesOf(PROBES.filter(({ b }) => b), "allow"),
});

/** What may come of `probe` in `phase`. */
export function allowedOutcomes({ a, b }: RaceProbe, phase: Phase): readonly Outcome[] {
  const verdicts = phase === "A" ? [a] : phase === "B" ? [b] : [a, b];
  return verdicts.map((allowed) => allowed ? "pass" : "trap");
}
