/**
 * A program, not a test: runs a guest that spins, and ends well when its
 * deadline ended it.
 *
 * @module
 */
import { asm64, DeadlineError, Kvm, Session } from "@trapline/trapline";

// Bochs lets the host's timer end a run only where the guest would take an interrupt.
const SPIN = asm64`
    sti
    jmp $
`;

using kvm = Kvm.open();
using vm = kvm.createVm();
try {
  Session.boot(vm, SPIN, { deadlineMs: 10 }).step();
} catch (error) {
  if (!(error instanceof DeadlineError)) throw error;
  Deno.exit(0);
}
Deno.exit(1);
