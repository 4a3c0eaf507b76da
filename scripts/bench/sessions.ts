/**
 * Whole guests: their life cycle, and MSR accesses by the list or one a run.
 *
 * @module
 */
import { type Kvm, type MsrAccess, Session, type Vm } from "../../mod.ts";
import { ALLOWED_MSR, PROGRAM } from "./guests.ts";
import type { Turns } from "./pairs.ts";

/** VM, memory and vCPU made, booted into 64-bit mode, run to one exit, and closed. */
export function lifeCycle(kvm: Kvm): Turns {
  return (count) => {
    for (let i = 0; i < count; i++) {
      using vm = kvm.createVm();
      Session.boot(vm, PROGRAM.finish_program).next("IO");
    }
  };
}

/** One access a turn, all of them in one list. */
export function walkedAccesses(vm: Vm): Turns {
  const session = Session.boot(vm, PROGRAM.finish_program);
  const access: MsrAccess = { kind: "read", index: ALLOWED_MSR };
  return (count) => {
    const walked = session.walk(Array.from({ length: count }, () => access));
    if (walked.some(({ value }) => value !== 0n)) throw new Error("Cannot measure: no value");
  };
}

/** One access a turn, each by a run of its own, with the report that a session reads. */
export function singleRuns(vm: Vm): Turns {
  const session = Session.boot(vm, PROGRAM.single_read_program);
  return (count) => {
    for (let i = 0; i < count; i++) {
      session.restart();
      if (session.finish().value !== 0n) throw new Error("Cannot measure: no value");
    }
  };
}
