/**
 * The local APIC of a sweep's guest: KVM's own, in x2APIC mode, as guests of
 * today have it. Without one, KVM refuses every x2APIC MSR.
 *
 * Source: `arch/x86/kvm/lapic.c`, `kvm_x2apic_msr_read()` and `kvm_lapic_set_base()`.
 *
 * @module
 */
import type { Kvm } from "../../kvm/kvm.ts";
import type { Vcpu } from "../../kvm/vcpu.ts";

/** `IA32_APIC_BASE.EXTD`: the local APIC is in x2APIC mode. */
const EXTD = 1n << 10n;

/** CPUID leaf 1, ECX: x2APIC. */
const X2APIC = 1 << 21;

/** Why a guest on this KVM has no local APIC in x2APIC mode, or `undefined` when it has. */
export function x2apicObstacle(kvm: Kvm): string | undefined {
  if (kvm.checkExtension("IRQCHIP") === 0) return "KVM_CAP_IRQCHIP is not reported";
  const leaf = kvm.supportedCpuid().find((entry) => entry.function === 1);
  return leaf === undefined || (leaf.ecx & X2APIC) === 0
    ? "x2APIC is not in the supported CPUID"
    : undefined;
}

/** Switches the local APIC of `vcpu`, which is enabled, to x2APIC mode. */
export function enterX2apicMode(vcpu: Vcpu): void {
  const sregs = vcpu.sregs();
  vcpu.setSregs({ ...sregs, apic_base: sregs.apic_base | EXTD });
}

/** What the reader of a sweep must know of it. */
export function apicNote(obstacle: string | undefined): string {
  return obstacle === undefined
    ? "The guest has KVM's own local APIC, in x2APIC mode"
    : `The guest has no local APIC, so that KVM refuses all x2APIC MSRs: ${obstacle}`;
}
