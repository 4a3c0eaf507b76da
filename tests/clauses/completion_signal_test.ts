/**
 * A signal that is pending when the vCPU is entered after an MSR exit.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  assertGp,
  assertNoFault,
  ERRNO,
  EXIT_REASON,
  IOCTL,
  kvmRunOffset,
  type Session,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import {
  accept,
  assertHostSees,
  bootDenied,
  DENIED_ACCESSES,
  registersAfter,
  toExit,
} from "../support/msr_exits.ts";
import { PendingSignal } from "../support/pending_signal.ts";
import { assertRegisters, registersBefore } from "../support/sentinels.ts";
import { nameAccess } from "../support/walked.ts";

const EXIT_REASON_AT = kvmRunOffset("exit_reason");

/** Enters the vCPU, and asserts that the signal ends the run. */
function enterSignalled({ vcpu }: Session, detail: string): void {
  const result = vcpu.raw(IOCTL.RUN);
  assertEquals(result, { result: -1, errno: ERRNO.EINTR }, `KVM_RUN, ${detail}`);
  const reason = vcpu.kvmRun.getUint32(EXIT_REASON_AT, true);
  assertEquals(reason, EXIT_REASON.INTR, `exit_reason, ${detail}`);
}

clause(
  "K-18",
  "entering with an unmasked signal pending completes the operation, executes no instruction " +
    "and then reports the signal",
  ({ kvm }) => {
    using signal = new PendingSignal(kvm);
    using vm = kvm.createVm();
    const session = bootDenied(vm);
    for (const access of DENIED_ACCESSES) {
      const name = nameAccess(access);
      accept(toExit(session, access));
      signal.raise();
      for (const entry of ["first", "second"]) {
        const detail = `at the ${entry} entry after the ${name}, with a signal pending`;
        enterSignalled(session, detail);
        assertHostSees(session, registersAfter(access), "after", detail);
      }
      const seen = session.finish();
      assertNoFault(session, seen);
      assertRegisters(session, seen, registersAfter(access), name);

      toExit(session, access).refuse();
      signal.raise();
      enterSignalled(session, `the ${name} refused`);
      assertHostSees(session, registersBefore(access), "access", `the ${name} refused`);
      const events = session.vcpu.events();
      const waiting = events["exception.pending"] | events["exception.injected"];
      assert(waiting === 1, `The refused ${name} leaves an exception to deliver`);
      assertEquals(events["exception.nr"], 13, `exception left by the refused ${name}`);
      assertGp(session, session.finish(), { rip: session.symbol("access") });
    }
  },
);
