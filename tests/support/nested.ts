/**
 * What clauses about hypervisor guests need of the host.
 *
 * @module
 */
import { Kvm, type NestedKind, nestedKind } from "@trapline/trapline";
import { type Facts, moduleParameter } from "./facts.ts";

function offered(): NestedKind | undefined {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  return nestedKind(vm);
}

function why(facts: Facts, missing: string): string {
  const parameter = moduleParameter(facts, facts.vendorModule, "nested");
  const nested = parameter === undefined ? "" : `, ${facts.vendorModule}.nested is ${parameter}`;
  return `KVM offers its guests no ${missing}${nested}`;
}

/** KVM offers its guests SVM or VMX. */
export function offersNesting(facts: Facts): string | undefined {
  return offered() === undefined ? why(facts, "SVM and no VMX") : undefined;
}

/** KVM offers its guests VMX. */
export function offersVmx(facts: Facts): string | undefined {
  return offered() === "vmx" ? undefined : why(facts, "VMX");
}
