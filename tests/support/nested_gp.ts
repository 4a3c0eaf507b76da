/**
 * The #GP of an access that L2 is denied, where L1 wants to see it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { formatMsr, guest, MsrFilter, type SvmHypervisor, type Vm } from "@trapline/trapline";
import { KINDS, nextMsrExit } from "./msr_exits.ts";
import { KNOWN_MSRS } from "./msr_probes.ts";

const GP = 13;
const EXITCODE_GP = 0x40n + BigInt(GP);

/** Asserts that the #GP of a denied access of L2 goes to L1, with an exit before it and without. */
export function assertGpGoesToL1(vm: Vm, l1: SvmHypervisor): void {
  l1.write({ INTERCEPT_EXCEPTIONS: 1 << GP });
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
        const { EXITCODE, RIP } = l1.read();
        assertEquals([EXITCODE, RIP], [EXITCODE_GP, rip], `the exit that L1 saw, ${what}`);
      }
    }
  }
}
