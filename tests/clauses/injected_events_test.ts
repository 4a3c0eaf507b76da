/**
 * Interrupts that come between an MSR exit and the entry after it.
 *
 * @module
 */
import { assert } from "@std/assert";
import { kvmRunOffset, type MsrAccess, type Session } from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { completeOnly } from "../support/complete_only.ts";
import {
  assertRead,
  assertTaken,
  bootInterrupted,
  finish,
  interrupted,
  IRQ,
  NMI,
  START_PIC,
  VECTOR,
} from "../support/interrupted_guest.ts";
import { accept, EXITING_ACCESSES, loadFor, nextMsrExit, SUPPLIED } from "../support/msr_exits.ts";
import { capability } from "../support/requirements.ts";
import { nameAccess } from "../support/walked.ts";

/** Lets interrupts in, their shadow gone. */
const STI = "sti\nnop";

/** Guests with the in-kernel irqchip, and with none. */
const PROGRAMS = {
  irqchip: {
    read: interrupted("read", START_PIC, STI),
    write: interrupted("write", START_PIC, STI),
  },
  none: { read: interrupted("read", "", STI), write: interrupted("write", "", STI) },
};

/** An event from user space, and what the guest notes down of it. */
interface Injection {
  readonly name: string;
  readonly irqchip: boolean;
  readonly inject: (session: Session) => void;
  readonly vector: number;
  /** Whether it interrupts the handler of #GP, which runs with IF clear. */
  readonly interruptsHandler: boolean;
}

const INJECTIONS: readonly Injection[] = [
  {
    name: "an NMI",
    irqchip: false,
    inject: ({ vcpu }) => vcpu.nmi(),
    vector: NMI,
    interruptsHandler: true,
  },
  {
    name: "an NMI beside the irqchip",
    irqchip: true,
    inject: ({ vcpu }) => vcpu.nmi(),
    vector: NMI,
    interruptsHandler: true,
  },
  {
    name: "an interrupt of the irqchip",
    irqchip: true,
    inject: ({ vm }) => vm.setIrqLine(IRQ, true),
    vector: VECTOR,
    interruptsHandler: false,
  },
];

/** User space may do so only when `kvm_run` says that the vCPU is ready; then not even IF counts. */
const QUEUED: Injection = {
  name: "an interrupt by KVM_INTERRUPT",
  irqchip: false,
  inject: (session) => {
    assert(isReady(session), "ready_for_interrupt_injection is 0 at the exit");
    session.vcpu.interrupt(VECTOR);
  },
  vector: VECTOR,
  interruptsHandler: true,
};

/** Whether user space may queue an interrupt of its own. */
function isReady({ vcpu }: Session): boolean {
  return vcpu.kvmRun.getUint8(kvmRunOffset("ready_for_interrupt_injection")) === 1;
}

const MOMENTS = ["before the answer", "after the answer", "after the completion"] as const;

function assertDelivered(
  session: Session,
  access: MsrAccess,
  injection: Injection,
  moment: typeof MOMENTS[number],
  refuse: boolean,
): void {
  const { name, irqchip, inject, vector, interruptsHandler } = injection;
  const detail = `${nameAccess(access)} ${refuse ? "refused" : "accepted"}, ${name} ${moment}`;
  if (irqchip) session.vm.setIrqLine(IRQ, false);
  loadFor(session, PROGRAMS[irqchip ? "irqchip" : "none"][access.kind], access);
  const exit = nextMsrExit(session, access.kind);
  if (moment === "before the answer") inject(session);
  if (refuse) exit.refuse();
  else accept(exit);
  if (moment === "after the answer") inject(session);
  if (moment === "after the completion") {
    completeOnly(session);
    inject(session);
  }
  const seen = finish(session);
  const to = refuse ? interruptsHandler ? {} : { to: "last" as const } : { to: "after" as const };
  assertTaken(session, seen, { vector, ...to, gp: refuse }, detail);
  if (!refuse) assertRead(access, seen, SUPPLIED, detail);
}

clause(
  "X-95",
  "an interrupt or NMI that comes between exit and entry is delivered after the completed " +
    "instruction, or after the #GP of a refused one",
  { requires: [capability("IMMEDIATE_EXIT")] },
  ({ kvm }) => {
    const answers: readonly (readonly [Injection, readonly boolean[]])[] = [
      [QUEUED, [false]],
      ...INJECTIONS.map((each) => [each, [false, true]] as const),
    ];
    for (const [injection, refusals] of answers) {
      const { vm, session } = bootInterrupted(kvm, injection.irqchip);
      using _ = vm;
      for (const access of EXITING_ACCESSES) {
        for (const moment of MOMENTS) {
          for (const refuse of refusals) {
            assertDelivered(session, access, injection, moment, refuse);
          }
        }
      }
    }
  },
);

clause(
  "X-102",
  "an interrupt that user space queues at the exit, when kvm_run says that it may, is not lost " +
    "when it refuses the access",
  { requires: [capability("IMMEDIATE_EXIT")] },
  ({ kvm }) => {
    const { vm, session } = bootInterrupted(kvm, QUEUED.irqchip);
    using _ = vm;
    for (const access of EXITING_ACCESSES) {
      loadFor(session, PROGRAMS.none[access.kind], access);
      nextMsrExit(session, access.kind).refuse();
      completeOnly(session);
      const name = `${nameAccess(access)}, refused and completed`;
      assert(!isReady(session), `ready_for_interrupt_injection is 1, ${name}`);
      for (const moment of ["before the answer", "after the answer"] as const) {
        assertDelivered(session, access, QUEUED, moment, true);
      }
    }
  },
);
