/**
 * The numbers of `kvm_run.exit_reason` by name (`KVM_EXIT_*`).
 *
 * @module
 */

/** Every exit reason that the kernel's header names, without `KVM_EXIT_`. */
export const EXIT_REASON = {
  UNKNOWN: 0,
  EXCEPTION: 1,
  IO: 2,
  HYPERCALL: 3,
  DEBUG: 4,
  HLT: 5,
  MMIO: 6,
  IRQ_WINDOW_OPEN: 7,
  SHUTDOWN: 8,
  FAIL_ENTRY: 9,
  INTR: 10,
  SET_TPR: 11,
  TPR_ACCESS: 12,
  S390_SIEIC: 13,
  S390_RESET: 14,
  DCR: 15,
  NMI: 16,
  INTERNAL_ERROR: 17,
  OSI: 18,
  PAPR_HCALL: 19,
  S390_UCONTROL: 20,
  WATCHDOG: 21,
  S390_TSCH: 22,
  EPR: 23,
  SYSTEM_EVENT: 24,
  S390_STSI: 25,
  IOAPIC_EOI: 26,
  HYPERV: 27,
  ARM_NISV: 28,
  X86_RDMSR: 29,
  X86_WRMSR: 30,
  DIRTY_RING_FULL: 31,
  AP_RESET_HOLD: 32,
  X86_BUS_LOCK: 33,
  XEN: 34,
  RISCV_SBI: 35,
  RISCV_CSR: 36,
  NOTIFY: 37,
  LOONGARCH_IOCSR: 38,
  MEMORY_FAULT: 39,
  TDX: 40,
  ARM_SEA: 41,
  ARM_LDST64B: 42,
  SNP_REQ_CERTS: 43,
} as const;

/** The name of an exit reason. */
export type ExitReasonName = keyof typeof EXIT_REASON;

const NAMES: ReadonlyMap<number, ExitReasonName> = new Map(
  Object.entries(EXIT_REASON).map(([name, number]) => [number, name as ExitReasonName]),
);

/**
 * `KVM_EXIT_X86_RDMSR (29)`, or `KVM_EXIT_? (99)` for a number with no name.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatExitReason } from "@trapline/trapline";
 *
 * assertEquals(formatExitReason(29), "KVM_EXIT_X86_RDMSR (29)");
 * ```
 */
export function formatExitReason(number: number): string {
  return `KVM_EXIT_${NAMES.get(number) ?? "?"} (${number})`;
}

/** `internal.suberror` of `KVM_EXIT_INTERNAL_ERROR`. */
export const INTERNAL_ERROR = {
  EMULATION: 1,
  SIMUL_EX: 2,
  DELIVERY_EV: 3,
  UNEXPECTED_EXIT_REASON: 4,
} as const;
