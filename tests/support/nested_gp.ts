/**
 * The #GP of an access that L2 is denied, where L1 wants to see it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  formatMsr,
  GP,
  guest,
  type Hypervisor,
  MsrFilter,
  SvmHypervisor,
  type Vm,
  VmxHypervisor,
} from "@trapline/trapline";
import { KINDS, nextMsrExit } from "./msr_exits.ts";
import { KNOWN_MSRS } from "./msr_probes.ts";

const SVM_EXITCODE_GP = 0x40n + BigInt(GP);
const VMX_EXIT_REASON_EXCEPTION = 0;

/** Makes L1 intercept the #GP of L2, which is the one exception that it does. */
function interceptGp(l1: Hypervisor): void {
  if (l1 instanceof SvmHypervisor) l1.write({ INTERCEPT_EXCEPTIONS: 1 << GP });
  if (l1 instanceof VmxHypervisor) l1.write({ EXCEPTION_BITMAP: 1n << BigInt(GP) });
}

/** The exit from L2 that L1 saw last: why, and at which RIP. */
function lastExitOf(l1: Hypervisor): { reason: bigint | number; rip: bigint } | undefined {
  if (l1 instanceof VmxHypervisor) {
    const { reason, rip } = l1.lastExit;
    return { reason, rip };
  }
  if (!(l1 instanceof SvmHypervisor)) return undefined;
  const { EXITCODE, RIP } = l1.read();
  return { reason: EXITCODE, rip: RIP };
}

/** Asserts that the #GP of a denied access of L2 goes to L1, with an exit before it and without. */
export function assertGpGoesToL1(vm: Vm, l1: Hypervisor): void {
  const reason = l1 instanceof SvmHypervisor ? SVM_EXITCODE_GP : VMX_EXIT_REASON_EXCEPTION;
  interceptGp(l1);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  const { session } = l1;
  for (const reasons of [["filter"], []] as const) {
    for (const { index } of KNOWN_MSRS) {
      for (const kind of KINDS) {
        const what = `#GP of a ${kind} of ${formatMsr(index)}, ${reasons.join() || "no exit"}`;
        vm.enableUserSpaceMsr(reasons);
        l1.enter();
        session.load(kind === "read" ? guest.rdmsr(index) : guest.wrmsr(index, 0x18n));
        if (reasons.length > 0) nextMsrExit(session, kind).refuse();
        // L1 stops at an exit of L2 for which it has no answer.
        const end = session.endOf(session.next("IO"));
        assertEquals(end, undefined, `the end of L2's program, ${what}`);
        const rip = session.symbol(kind === "read" ? "rdmsr" : "wrmsr");
        assertEquals(lastExitOf(l1), { reason, rip }, `the exit that L1 saw, ${what}`);
      }
    }
  }
}
