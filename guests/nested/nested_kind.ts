/**
 * Which kind of hypervisor a guest can be.
 *
 * @module
 */
import type { CpuidEntry } from "../../kvm/cpuid.ts";

/** By VMRUN, or by VMXON. */
export type NestedKind = "svm" | "vmx";

/**
 * Which instructions a guest can run a guest of its own with: what KVM offers
 * in the supported CPUID, for which the module's parameter `nested` must be on.
 * `undefined` when it offers neither.
 *
 * @example Usage
 * ```ts
 * import { assert } from "@std/assert";
 * import { Kvm, nestedKind } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * assert([undefined, "svm", "vmx"].includes(nestedKind(vm)));
 * ```
 */
export function nestedKind(
  { supportedCpuid }: { readonly supportedCpuid: readonly CpuidEntry[] },
): NestedKind | undefined {
  const ecx = (leaf: number): number =>
    supportedCpuid.find((entry) => entry.function === leaf)?.ecx ?? 0;
  if ((ecx(0x8000_0001) & 1 << 2) !== 0) return "svm";
  if ((ecx(1) & 1 << 5) !== 0) return "vmx";
  return undefined;
}
