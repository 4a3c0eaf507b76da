/**
 * The capabilities of KVM that Trapline uses, and what each is for (api.rst
 * sections 4, 7 and 8).
 *
 * @module
 */
import { CAP, type CapName, type Kvm } from "@trapline/trapline";
import type { CapabilityFact, Finding } from "./report.ts";

interface Use {
  readonly purpose: string;
  /** No guest runs under a filter without it. */
  readonly needed?: true;
  /** What to do when it is missing, where it takes more than the oldest kernel with filters. */
  readonly remedy?: string;
}

// MSR filters came with Linux 5.10, and the other capabilities are older.
const OLDEST_KERNEL = "Boot Linux 5.10 or later";

const USES: Readonly<Partial<Record<CapName, Use>>> = {
  X86_MSR_FILTER: { needed: true, purpose: "The filter itself" },
  X86_USER_SPACE_MSR: { needed: true, purpose: "MSR accesses that exit to user space" },
  ENABLE_CAP_VM: { needed: true, purpose: "Turning those exits on for a VM" },
  USER_MEMORY: { needed: true, purpose: "The guest's memory" },
  EXT_CPUID: { needed: true, purpose: "The vCPU's CPUID, which long mode needs" },
  SET_TSS_ADDR: { purpose: "Guests in real mode, which VMX keeps a TSS for" },
  IMMEDIATE_EXIT: { purpose: "Completing an answer without running the guest" },
  SYNC_REGS: { purpose: "Registers through kvm_run; the value has a bit for each set" },
  SET_GUEST_DEBUG: { purpose: "Single steps and breakpoints over an MSR access" },
  DEBUGREGS: { purpose: "DR6 and DR7 after a #DB" },
  VCPU_EVENTS: { purpose: "Exceptions that wait for the guest, the #GP of a refusal among them" },
  MP_STATE: { purpose: "Halted vCPUs" },
  IRQCHIP: {
    purpose: "A local APIC in the kernel: x2APIC MSRs, interrupts",
    remedy: `${OLDEST_KERNEL}; from 6.17 on, one built with CONFIG_KVM_IOAPIC`,
  },
  READONLY_MEM: { purpose: "Memory slots that the guest cannot write" },
  GET_MSR_FEATURES: { purpose: "Feature MSRs without a VM" },
  CHECK_EXTENSION_VM: { purpose: "Capabilities of one VM" },
  BINARY_STATS_FD: {
    purpose: "Counters of a VM and of a vCPU",
    remedy: "Boot Linux 5.14 or later",
  },
};

const NAMES = Object.keys(USES) as (keyof typeof USES)[];

/** Asks `kvm` for each of them. */
export function checkCapabilities(kvm: Pick<Kvm, "checkExtension">): CapabilityFact[] {
  return NAMES.map((name) => ({
    name,
    number: CAP[name],
    value: kvm.checkExtension(name),
    needed: USES[name]?.needed ?? false,
    purpose: USES[name]?.purpose ?? "",
  }));
}

/** What is missing; `ok` says that guests run under a filter all the same. */
export function capabilityFindings(
  capabilities: readonly CapabilityFact[],
  ok: boolean,
): Finding[] {
  return capabilities.filter(({ value }) => value === 0).map(({ name, needed, purpose }) => ({
    severity: needed && !ok ? "stops" : "limits",
    what: `KVM_CAP_${name} is missing: ${purpose}`,
    remedy: USES[name as CapName]?.remedy ?? OLDEST_KERNEL,
  }));
}
