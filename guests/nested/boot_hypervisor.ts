/**
 * A hypervisor guest of whatever kind the host offers.
 *
 * @module
 */
import type { Vm } from "../../kvm/vm.ts";
import { nestedKind } from "./nested_kind.ts";
import { SvmHypervisor } from "./svm_hypervisor.ts";
import { VmxHypervisor } from "./vmx_hypervisor.ts";

/**
 * Gives `vm` a vCPU whose guest is ready to enter L2, by SVM or by VMX.
 *
 * @throws {Error} When the KVM of `vm` offers neither to its guests.
 * @throws {KvmError} When the kernel refuses one of the steps.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bootHypervisor, Kvm, Msr, nestedKind } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * if (nestedKind(vm) !== undefined) {
 *   vm.enableUserSpaceMsr(["filter"]);
 *   vm.setMsrFilter({ default: "allow", ranges: [{ base: Msr.STAR, count: 1, deny: "read" }] });
 *   const l1 = bootHypervisor(vm);
 *   l1.enter();
 *   const [read] = l1.session.walk([{ kind: "read", index: Msr.STAR }], {
 *     onRdmsr: (exit) => exit.supply(42n),
 *   });
 *   assertEquals(read?.value, 42n);
 *   l1.leave();
 * }
 * ```
 */
export function bootHypervisor(vm: Vm): SvmHypervisor | VmxHypervisor {
  switch (nestedKind(vm)) {
    case "svm":
      return SvmHypervisor.boot(vm);
    case "vmx":
      return VmxHypervisor.boot(vm);
    case undefined:
      throw new Error("Cannot boot a hypervisor: neither SVM nor VMX is in the supported CPUID");
  }
}
