/**
 * MSR accesses that are stepped over, by the guest's trap flag and by the host.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  type AsmSource,
  assertGp,
  assertNoFault,
  type Kvm,
  Msr,
  type MsrAccess,
  type Observation,
  Session,
  type Vm,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { formatLog, logs, logsGp, readLog, startLog } from "../support/event_log.ts";
import {
  accept,
  ALLOWED_ACCESSES,
  bootFiltered,
  EXITING_ACCESSES,
  loadFor,
  nextMsrExit,
  SUPPLIED,
} from "../support/msr_exits.ts";
import { nameAccess } from "../support/walked.ts";

const TF = 0x100n;
/** DR6: a single step. */
const BS = 0x4000n;

/** One access of `kind`, for `loadFor()`, and three places to step to after it. */
function steps(kind: MsrAccess["kind"], start = "", handlers = ""): AsmSource {
  return asm64`
    nop
    nop
    ${start}
  access:
    ${kind === "read" ? "rdmsr" : "wrmsr"}
  after:
    nop
  second:
    nop
  third:
    jmp finish
    ${handlers}
  `;
}

/** The same, with the trap flag set from before the access to the label `third`. */
function trapped(kind: MsrAccess["kind"]): AsmSource {
  const start = `
    ${startLog}
    pushfq
    or qword [rsp], ${TF}
    popfq
  `;
  const more = `
    mov rax, 0xffff0ff0
    mov dr6, rax
    mov rax, third
    cmp [rsp + 8], rax
    jne go_on
    and qword [rsp + 24], -${TF + 1n}
  go_on:
  `;
  return steps(kind, start, `${logs(1, { more })}${logsGp}`);
}

const STEPPED = { read: steps("read"), write: steps("write") };
const TRAPPED = { read: trapped("read"), write: trapped("write") };

/** Asserts what the guest holds in the end: of a read the value, of a write what it wrote. */
function assertHolds(session: Session, access: MsrAccess, seen: Observation, read: bigint): void {
  assertNoFault(session, seen);
  const { rax, rdx } = seen.regs;
  const value = access.kind === "read" ? read : access.value ?? 0n;
  assertEquals([rax, rdx], [value & 0xffff_ffffn, value >> 32n], nameAccess(access));
}

/** Asserts that a trapped guest took `wanted`, in order and no more, each trap a single step. */
function assertTraps(session: Session, seen: Observation, wanted: string, detail: string): void {
  const log = readLog(session, seen);
  assertEquals(formatLog(session, log), wanted, detail);
  for (const { vector, dr6, rflags } of log) {
    if (vector === 1) assertEquals(dr6 & 0xe00fn, BS, `DR6, ${detail}`);
    assertEquals(rflags & TF, TF, `TF in the RFLAGS pushed, ${detail}`);
  }
}

const EACH_STEP = "#DB (1) at after, #DB (1) at second, #DB (1) at third";

clause(
  "X-68",
  "with the guest's TF set exactly one #DB follows a completed access, at the next instruction",
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootFiltered(vm);
    for (const access of EXITING_ACCESSES) {
      const name = nameAccess(access);
      loadFor(session, TRAPPED[access.kind], access);
      accept(nextMsrExit(session, access.kind));
      const accepted = session.finish();
      assertHolds(session, access, accepted, SUPPLIED);
      assertTraps(session, accepted, EACH_STEP, name);

      loadFor(session, TRAPPED[access.kind], access);
      nextMsrExit(session, access.kind).refuse();
      const refused = session.finish();
      const wanted = "#GP (13) at access, #DB (1) at second, #DB (1) at third";
      assertTraps(session, refused, wanted, `${name}, refused`);
    }
    for (const access of ALLOWED_ACCESSES) {
      loadFor(session, TRAPPED[access.kind], access);
      const seen = session.finish();
      assertHolds(session, access, seen, access.value!);
      assertTraps(session, seen, EACH_STEP, `${nameAccess(access)}, allowed`);
    }
  },
);

/** Makes one step by the host, and asserts that it ends at `label`. */
function stepTo(session: Session, label: string, detail: string): void {
  // What is set holds for the next run.
  session.vcpu.setSingleStep(true);
  const exit = session.next("DEBUG");
  const { rip, rflags } = session.vcpu.regs();
  assertEquals(
    formatLog(session, [{ vector: exit.exception, rip: exit.pc, rflags, dr6: exit.dr6 }]),
    `#DB (1) at ${label}`,
    detail,
  );
  assertEquals(rip, session.symbol(label), `RIP, ${detail}`);
  assertEquals(exit.dr6 & 0xe00fn, BS, `DR6, ${detail}`);
}

/** Steps from the access to the third instruction after it, and on without stepping. */
function stepOver(session: Session, detail: string): Observation {
  for (const label of ["after", "second", "third"]) stepTo(session, label, detail);
  session.vcpu.setSingleStep(false);
  return session.finish();
}

/** Steps over the two instructions before the access. */
function stepToAccess(session: Session): void {
  for (let count = 0; count < 2; count++) {
    session.vcpu.setSingleStep(true);
    session.next("DEBUG");
  }
  session.vcpu.setSingleStep(true);
}

clause(
  "X-69",
  "when the host steps the guest, entering it after the exit ends in KVM_EXIT_DEBUG at the next " +
    "instruction",
  { nativeOnly: "the host's steps end at the prefix, before the access that they lead to" },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootFiltered(vm);
    for (const access of EXITING_ACCESSES) {
      for (const whole of [false, true]) {
        const name = `${nameAccess(access)}, stepped ${whole ? "from the start" : "at its exit"}`;
        loadFor(session, STEPPED[access.kind], access);
        if (whole) stepToAccess(session);
        accept(nextMsrExit(session, access.kind));
        assertHolds(session, access, stepOver(session, name), SUPPLIED);
      }

      loadFor(session, STEPPED[access.kind], access);
      const exit = nextMsrExit(session, access.kind);
      session.vcpu.setSingleStep(true);
      exit.refuse();
      session.vcpu.setSingleStep(false);
      const fault = assertGp(session, session.finish(), { rip: session.symbol("access") });
      assertEquals(fault.rflags & TF, 0n, `TF in the RFLAGS pushed, ${nameAccess(access)} refused`);
    }
    for (const access of ALLOWED_ACCESSES) {
      const name = `${nameAccess(access)}, allowed`;
      loadFor(session, STEPPED[access.kind], access);
      stepToAccess(session);
      assertHolds(session, access, stepOver(session, name), access.value!);
    }
  },
);

/** A write that KVM may complete right after the exit, before it looks at anything else. */
interface FastWrite {
  readonly name: string;
  readonly irqchip: boolean;
  readonly access: MsrAccess;
}

const X2APIC_ICR = 0x830;
/** `IA32_APIC_BASE`: the APIC is on, in x2APIC mode. */
const X2APIC_MODE = 0xc00n;

const FAST_WRITES: readonly FastWrite[] = [
  { name: "no irqchip", irqchip: false, access: deadline(0n) },
  { name: "no irqchip", irqchip: false, access: deadline(1n << 50n) },
  { name: "irqchip", irqchip: true, access: deadline(0n) },
  { name: "irqchip", irqchip: true, access: deadline(1n << 50n) },
  // An interrupt for an APIC that nobody has.
  {
    name: "irqchip",
    irqchip: true,
    access: { kind: "write", index: X2APIC_ICR, value: 0x7_0000_0040n },
  },
];

function deadline(value: bigint): MsrAccess {
  return { kind: "write", index: Msr.IA32_TSC_DEADLINE, value };
}

function bootFast(kvm: Kvm, irqchip: boolean): { vm: Vm; session: Session } {
  const vm = kvm.createVm();
  if (irqchip) vm.createIrqchip();
  const session = Session.boot(vm, asm64`jmp finish`);
  if (irqchip) {
    const sregs = session.vcpu.sregs();
    session.vcpu.setSregs({ ...sregs, apic_base: sregs.apic_base | X2APIC_MODE });
  }
  return { vm, session };
}

clause(
  "X-101",
  "a write that KVM completes on its shorter path, of IA32_TSC_DEADLINE or the x2APIC's ICR, is " +
    "stepped like any other",
  { nativeOnly: "KVM's emulator has no shorter path" },
  ({ kvm }) => {
    for (const { name, irqchip, access } of FAST_WRITES) {
      const { vm, session } = bootFast(kvm, irqchip);
      using _ = vm;
      const detail = `${nameAccess(access)}, ${name}`;
      loadFor(session, TRAPPED[access.kind], access);
      const seen = session.finish();
      assertHolds(session, access, seen, 0n);
      assertTraps(session, seen, EACH_STEP, `${detail}, TF set`);

      loadFor(session, STEPPED[access.kind], access);
      stepToAccess(session);
      assertHolds(session, access, stepOver(session, detail), 0n);
    }
  },
);
