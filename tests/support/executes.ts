/**
 * Which instructions this host's KVM can execute: one that emulates all code
 * of ring 0 knows only those of its emulator.
 *
 * @module
 */
import { type AsmSource, Kvm, Session } from "@trapline/trapline";
import type { Requirement } from "./requirements.ts";

/** KVM does not give up on the first instruction of `program`, which `name` names. */
export function executes(name: string, program: AsmSource): Requirement {
  return () => {
    using kvm = Kvm.open();
    using vm = kvm.createVm();
    const exit = Session.boot(vm, program).step();
    return exit.name === "INTERNAL_ERROR" ? `this KVM cannot execute ${name}` : undefined;
  };
}
