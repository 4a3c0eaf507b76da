/**
 * MSRs that are good to probe with, and the filters that probing needs most.
 *
 * @module
 */
import { Msr, type MsrAccessKind, type MsrFilterSpec } from "@trapline/trapline";

/** An MSR that every KVM emulates, and two values that a guest may write to it. */
export interface KnownMsr {
  /** The MSR index. */
  readonly index: number;
  /** Two legal values, neither of them the reset value. */
  readonly values: readonly [bigint, bigint];
}

/** Known, harmless to write, and emulated on every vendor; low and high hardware bitmap range. */
export const KNOWN_MSRS: readonly KnownMsr[] = [
  { index: Msr.IA32_SYSENTER_CS, values: [0x18n, 0x2bn] },
  { index: Msr.IA32_PAT, values: [0x0606_0606_0606_0606n, 0x0400_0600_0400_0006n] },
  { index: Msr.SYSCALL_MASK, values: [0x4_7700n, 0x200n] },
  { index: Msr.KERNEL_GS_BASE, values: [0x1234_5000n, 0xffff_8000_0000_0000n] },
];

/** MSRs that no KVM knows. */
export const UNKNOWN_MSRS: readonly number[] = [0x474f_4f00, 0xdead_beef, 0xffff_ffff];

/** Allows everything but `kind` accesses to the `count` MSRs from `base` on. */
export function denyOnly(base: number, kind: MsrAccessKind, count = 1): MsrFilterSpec {
  return { default: "allow", ranges: [{ base, count, deny: kind }] };
}

/** Denies everything but `kind` accesses to the `count` MSRs from `base` on. */
export function allowOnly(base: number, kind: MsrAccessKind, count = 1): MsrFilterSpec {
  return { default: "deny", ranges: [{ base, count, allow: kind }] };
}
