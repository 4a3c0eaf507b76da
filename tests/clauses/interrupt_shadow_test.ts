/**
 * The interrupt shadow of an STI before an MSR access.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { MsrAccess } from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { completeOnly } from "../support/complete_only.ts";
import {
  assertRead,
  assertTaken,
  bootInterrupted,
  finish,
  interrupted,
  IRQ,
  START_PIC,
  type Taken,
  VECTOR,
} from "../support/interrupted_guest.ts";
import {
  accept,
  ALLOWED_ACCESSES,
  EXITING_ACCESSES,
  loadFor,
  nextMsrExit,
  SUPPLIED,
} from "../support/msr_exits.ts";
import { capability } from "../support/requirements.ts";
import { nameAccess } from "../support/walked.ts";

const BEFORE = `${START_PIC}\nout 0x80, al`;

const PROGRAMS = {
  read: interrupted("read", BEFORE, "sti"),
  write: interrupted("write", BEFORE, "sti"),
};

const COMES: Taken = { vector: VECTOR, gp: false };

clause(
  "X-70",
  "a completed access ends the interrupt shadow of an STI before it: a waiting interrupt comes " +
    "right after it",
  { requires: [capability("IMMEDIATE_EXIT")] },
  ({ kvm }) => {
    const { vm, session } = bootInterrupted(kvm, true);
    using _ = vm;
    /** Runs to where the interrupt waits, IF still clear. */
    const load = (access: MsrAccess): void => {
      vm.setIrqLine(IRQ, false);
      loadFor(session, PROGRAMS[access.kind], access);
      assertEquals(session.next("IO").port, 0x80, "the port of the guest's pause");
      vm.setIrqLine(IRQ, true);
    };
    for (const access of EXITING_ACCESSES) {
      for (const completed of [false, true]) {
        const name = `${nameAccess(access)}${completed ? ", completed first" : ""}`;
        load(access);
        accept(nextMsrExit(session, access.kind));
        if (completed) {
          completeOnly(session);
          const events = session.vcpu.events();
          assertEquals(events["interrupt.shadow"], 0, `interrupt shadow, ${name}`);
        }
        const accepted = finish(session);
        assertTaken(session, accepted, { ...COMES, to: "after" }, name);
        assertRead(access, accepted, SUPPLIED, name);
      }
      load(access);
      nextMsrExit(session, access.kind).refuse();
      const name = `${nameAccess(access)}, refused`;
      assertTaken(session, finish(session), { ...COMES, to: "last", gp: true }, name);
    }
    for (const access of ALLOWED_ACCESSES) {
      const name = `${nameAccess(access)}, allowed`;
      load(access);
      const seen = finish(session);
      assertTaken(session, seen, { ...COMES, to: "last" }, name);
      assertRead(access, seen, access.value!, name);
    }
  },
);
