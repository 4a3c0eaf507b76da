/**
 * What an exit leaves open: the kernel completes the instruction that made it
 * only when the vCPU is entered again (api.rst section 5), and would then
 * overwrite registers that were set in between.
 *
 * @module
 */
import { ExitBudgetError } from "../kvm/errors.ts";
import type { Exit } from "../kvm/exit.ts";
import type { Vcpu } from "../kvm/vcpu.ts";

function isOpen(exit: Exit | undefined): boolean {
  switch (exit?.name) {
    case "IO":
      return exit.direction === "in";
    case "MMIO":
    case "X86_RDMSR":
    case "X86_WRMSR":
      return true;
    default:
      return false;
  }
}

/**
 * Lets the kernel complete the instruction that made `last`, with the answer
 * it was given or without one, and stops the guest before its next.
 *
 * @throws {ExitBudgetError} When the instruction makes more than `maxExits` exits.
 */
export function completePending(vcpu: Vcpu, last: Exit | undefined, maxExits: number): void {
  let exit = last;
  for (let left = maxExits; isOpen(exit); left--) {
    if (left === 0) throw new ExitBudgetError(maxExits, vcpu.regs().rip);
    exit = vcpu.run({ immediateExit: true });
  }
}
