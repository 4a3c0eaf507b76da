/**
 * The interrupt shadow of an STI before an MSR access.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { MsrAccess, Observation, Session } from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { completeOnly } from "../support/complete_only.ts";
import { readLog } from "../support/event_log.ts";
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

/**
 * How often a guest may lose its shadow before the access. QEMU's emulated SVM
 * enters a guest without the shadow that the VMCB holds, so an interrupt of the
 * host between STI and the access ends it there, once in some hundred guests.
 */
const MOST_LOST_SHADOWS = 4;

/** Calls `run`, and again where the interrupt came before the access. */
function inShadow(session: Session, run: () => Observation): Observation {
  for (let lost = 0;; lost++) {
    const seen = run();
    const isLost = readLog(session, seen)
      .some(({ vector, rip }) => vector === VECTOR && rip < session.symbol("after"));
    if (!isLost || lost === MOST_LOST_SHADOWS) return seen;
  }
}

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
        const accepted = inShadow(session, () => {
          load(access);
          accept(nextMsrExit(session, access.kind));
          if (completed) {
            completeOnly(session);
            const events = session.vcpu.events();
            assertEquals(events["interrupt.shadow"], 0, `interrupt shadow, ${name}`);
          }
          return finish(session);
        });
        assertTaken(session, accepted, { ...COMES, to: "after" }, name);
        assertRead(access, accepted, SUPPLIED, name);
      }
      const refused = inShadow(session, () => {
        load(access);
        nextMsrExit(session, access.kind).refuse();
        return finish(session);
      });
      const name = `${nameAccess(access)}, refused`;
      assertTaken(session, refused, { ...COMES, to: "last", gp: true }, name);
    }
    for (const access of ALLOWED_ACCESSES) {
      const name = `${nameAccess(access)}, allowed`;
      const seen = inShadow(session, () => {
        load(access);
        return finish(session);
      });
      assertTaken(session, seen, { ...COMES, to: "last" }, name);
      assertRead(access, seen, access.value!, name);
    }
  },
);
