/**
 * Accesses that fail on every KVM, sorted by the reason that it gives.
 *
 * @module
 */
import { Msr, type MsrAccess, type MsrExitReason, type MsrFilterSpec } from "@trapline/trapline";
import { facts } from "./facts.ts";
import { UNKNOWN_MSRS } from "./msr_probes.ts";
import { executesAccesses } from "./requirements.ts";

/** An access that fails, and why. */
export interface FailingAccess extends MsrAccess {
  /** The reason of its exit. */
  readonly cause: MsrExitReason;
}

/** Denies the known MSRs that {@linkcode FAILING_ACCESSES} has for the reason "filter". */
export const DENIES_SOME: MsrFilterSpec = {
  default: "allow",
  ranges: [
    { base: Msr.IA32_SYSENTER_CS, count: 1, deny: "read-write" },
    { base: Msr.KERNEL_GS_BASE, count: 1, deny: "read-write" },
    { base: Msr.KVM_SYSTEM_TIME_NEW, count: 1, deny: "read-write" },
  ],
};

// EFER in 64-bit mode with reserved bit 2, and APIC_BASE after reset with reserved bit 0.
const EFER_RESERVED = 0x504n;
const APIC_BASE_RESERVED = 0xfee0_0901n;
// Memory types of 2 everywhere, which is none.
const PAT_RESERVED = 0x0202_0202_0202_0202n;

/** What KVM refuses where it has the CPU execute the rest; one in software takes any PAT. */
const INVAL_ON_CPU: readonly MsrAccess[] = executesAccesses(facts()) === undefined
  ? [{ kind: "write", index: Msr.IA32_PAT, value: PAT_RESERVED }]
  : [];

const BY_CAUSE: Readonly<Record<MsrExitReason, readonly MsrAccess[]>> = {
  // A vCPU has no MCG_CTL before KVM_X86_SETUP_MCE, and no x2APIC MSRs outside x2APIC mode.
  inval: [
    { kind: "read", index: Msr.IA32_MCG_CTL },
    { kind: "read", index: Msr.X2APIC_ID },
    { kind: "write", index: Msr.EFER, value: EFER_RESERVED },
    { kind: "write", index: Msr.IA32_APIC_BASE, value: APIC_BASE_RESERVED },
    { kind: "write", index: Msr.IA32_MCG_CTL, value: 1n },
    { kind: "write", index: Msr.X2APIC_EOI, value: 0n },
    ...INVAL_ON_CPU,
  ],
  // In both ranges of the hardware's bitmaps, at their edges, and far from them.
  unknown: [...UNKNOWN_MSRS, 0x1fff, 0x2000, 0xbfff_ffff, 0xc000_1fff].flatMap((index, i) => [
    { kind: "read", index },
    { kind: "write", index, value: 0x1111_0000_2222_0000n * BigInt(i + 1) },
  ]),
  filter: [Msr.IA32_SYSENTER_CS, Msr.KERNEL_GS_BASE, Msr.KVM_SYSTEM_TIME_NEW].flatMap((index) => [
    { kind: "read", index },
    { kind: "write", index, value: 0x18n },
  ]),
};

/**
 * Reads and writes that fail for each reason, on a vCPU fresh from
 * `Session.boot()` under {@linkcode DENIES_SOME}.
 */
export const FAILING_ACCESSES: readonly FailingAccess[] = Object.entries(BY_CAUSE)
  .flatMap(([cause, accesses]) =>
    accesses.map((access) => ({ ...access, cause: cause as MsrExitReason }))
  );
