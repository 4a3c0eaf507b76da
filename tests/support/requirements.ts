/**
 * What a clause can require of the host before it is decided. A requirement
 * looks at the host; it never looks at how the test came out.
 *
 * @module
 */
import { type CapName, Kvm } from "@trapline/trapline";
import { type Facts, facts, isQemuSvm, moduleParameter } from "./facts.ts";
import { isKernelFrom } from "./kernel_version.ts";

/** Gives the reason why the host does not meet it, or `undefined` when it does. */
export type Requirement = (facts: Facts) => string | undefined;

/** The first reason why this host does not do, or `undefined` when it does. */
export function obstacle(requires: readonly Requirement[]): string | undefined {
  const known = facts();
  if (known.unavailable !== undefined) return known.unavailable;
  for (const requirement of requires) {
    const reason = requirement(known);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** The capability is reported. */
export function capability(name: CapName): Requirement {
  return () => {
    using kvm = Kvm.open();
    return kvm.checkExtension(name) > 0 ? undefined : `KVM_CAP_${name} is not reported`;
  };
}

function swallowsUnknownMsrs(facts: Facts): boolean {
  const value = moduleParameter(facts, "kvm", "ignore_msrs");
  return value === "Y" || value === "1";
}

/** KVM does not swallow accesses to unknown MSRs (`kvm.ignore_msrs`). */
export function reportsUnknownMsrs(facts: Facts): string | undefined {
  return swallowsUnknownMsrs(facts) ? "kvm.ignore_msrs is on" : undefined;
}

/** KVM swallows accesses to unknown MSRs (`kvm.ignore_msrs`). */
export function ignoresUnknownMsrs(facts: Facts): string | undefined {
  return swallowsUnknownMsrs(facts) ? undefined : "kvm.ignore_msrs is off";
}

/** KVM offers the CPUID feature `name`: bit `bit` of `register` of leaf `leaf`. */
export function cpuidBit(
  name: string,
  leaf: number,
  register: "eax" | "ebx" | "ecx" | "edx",
  bit: number,
): Requirement {
  return () => {
    using kvm = Kvm.open();
    const entry = kvm.supportedCpuid().find((entry) => entry.function === leaf);
    const offered = entry !== undefined && (entry[register] >>> bit & 1) === 1;
    return offered ? undefined : `${name} is not in the supported CPUID`;
  };
}

/** KVM executes the guest's MSR accesses on the CPU. */
export function executesAccesses({ vendorModule }: Facts): string | undefined {
  return vendorModule === "kvm_amd" || vendorModule === "kvm_intel"
    ? undefined
    : `KVM itself executes the guest's accesses here (${vendorModule || "no vendor module"})`;
}

/** KVM sends an instruction with the forced-emulation prefix through its emulator. */
export function forcesEmulation(facts: Facts): string | undefined {
  const value = moduleParameter(facts, "kvm", "force_emulation_prefix") ?? "N";
  return value === "N" || value === "0" ? "kvm.force_emulation_prefix is off" : undefined;
}

/** KVM's emulator finishes an access that exits or faults, so that a search can tell what it did. */
export function finishesEmulatedAccesses(facts: Facts): string | undefined {
  return isKernelFrom(facts, [5, 17])
    ? undefined
    : `kernel ${
      facts.host.kernelVersion.join(".")
    }: before 5.17 KVM's emulator leaves a denied access to the CPU, which makes it once more; ` +
      "recorded as deviations D-19 to D-23";
}

/** The CPU heeds the breakpoints that it loads with a guest. */
export function hasGuestBreakpoints(facts: Facts): string | undefined {
  return isQemuSvm(facts) ? "QEMU's CPU enters a guest without its breakpoints" : undefined;
}
