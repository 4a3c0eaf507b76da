/**
 * Filters against accesses in numbers: one repeated, and one to each of very
 * many MSRs.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  type AsmSource,
  formatMsr,
  GuestAssertionError,
  type Kvm,
  Msr,
  type MsrAccess,
  MsrFilter,
  Session,
  type Vm,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { bootDenied, KINDS } from "../support/msr_exits.ts";
import { isX2apic } from "../support/msr_space.ts";
import { assertExited, nameAccess } from "../support/walked.ts";

type Kind = (typeof KINDS)[number];

const INSTRUCTION: Readonly<Record<Kind, string>> = { read: "rdmsr", write: "wrmsr" };

/**
 * Accesses the MSR in RCX as often as RSI says, going up by RDI each time; RBX
 * counts those that raise no #GP, and R8 is the first MSR of them.
 */
function hammer(kind: Kind): AsmSource {
  return asm64`
      mov rbp, rsp
      mov rbx, 0
      mov r8, -1
    again:
      mov eax, 0
      mov edx, 0
      ${INSTRUCTION[kind]}
      inc rbx
      cmp r8, -1
      jne next
      mov r8, rcx
    next:
      add ecx, edi
      dec rsi
      jnz again
      jmp finish
    vector_13:
      mov rsp, rbp
      jmp next
  `;
}

/** MSRs `step` apart. */
interface Series {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/**
 * Boots a guest of `vm` in which a denied access is a #GP, and one that the
 * filter let through completes or, when KVM then refuses it, exits.
 */
function bootLocked(vm: Vm): Session {
  vm.enableUserSpaceMsr(["inval", "unknown"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  return Session.boot(vm, asm64`jmp finish`);
}

/** Asserts that each of the accesses raises #GP, and that none exits. */
function assertAllDenied(session: Session, kind: Kind, { first, step, count }: Series): void {
  session.restart();
  const { vcpu } = session;
  const start = { rcx: BigInt(first), rdi: BigInt(step), rsi: BigInt(count) };
  vcpu.setRegs({ ...vcpu.regs(), ...start });
  const { regs } = session.finish();
  if (regs.rbx === 0n) return;
  const what = `${count} ${kind}s from ${formatMsr(first)} on, ${step} apart`;
  throw new GuestAssertionError(
    session,
    `${what}: all denied`,
    `${regs.rbx} that passed, the first of ${formatMsr(Number(regs.r8))}`,
  );
}

/** More exits than any count that KVM might keep of them in a byte or in thirteen bits. */
const EXITS = 8500;

/** Asserts that one vCPU's denied accesses exit each time, reads and writes in turns. */
function assertAllExit(kvm: Kvm): void {
  using vm = kvm.createVm();
  const session = bootDenied(vm);
  const accesses = Array.from({ length: EXITS / 2 }, (): MsrAccess[] => [
    { kind: "read", index: Msr.IA32_SYSENTER_CS },
    { kind: "write", index: Msr.KERNEL_GS_BASE, value: 1n },
  ]).flat();
  const walked = session.walk(accesses, {
    onRdmsr: (exit) => exit.supply(1n),
    onWrmsr: (exit) => exit.acknowledge(),
  });
  walked.forEach((access) => assertExited(session, access, "filter"));
}

clause(
  "X-106",
  "a denied access is denied every time, ten thousand times over, and exits every time",
  { nativeOnly: "the look-up is the same, and what it decides is compared by X-87" },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootLocked(vm);
    for (const kind of KINDS) {
      session.load(hammer(kind));
      for (const first of [Msr.IA32_SYSENTER_CS, Msr.KERNEL_GS_BASE]) {
        assertAllDenied(session, kind, { first, step: 0, count: 5000 });
      }
    }
    assertAllExit(kvm);
  },
);

const X2APIC_FIRST = 0x800;
const X2APIC_LAST = 0x8ff;

function upTo(first: number, last: number): Series {
  return { first, step: 1, count: last - first + 1 };
}

/** Its writes are decided by X-75: some kernels have a path for them that asks no filter. */
const { IA32_TSC_DEADLINE } = Msr;
const DEADLINE_READ: Series = { first: IA32_TSC_DEADLINE, step: 1, count: 1 };

/** Every index in the spaces that processors and hypervisors use, but for these. */
const SPACES: readonly Series[] = [
  upTo(0, IA32_TSC_DEADLINE - 1),
  upTo(IA32_TSC_DEADLINE + 1, X2APIC_FIRST - 1),
  upTo(X2APIC_LAST + 1, 0x1fff),
  upTo(0x4000_0000, 0x4000_01ff),
  upTo(0x4b56_4d00, 0x4b56_4dff),
  upTo(0xc000_0000, 0xc000_1fff),
  upTo(0xc001_0000, 0xc001_1fff),
];

/** A step that visits indices of all sizes, none of them twice, and its start. */
const SCATTERED: Series = { first: 0x1234_5678, step: 0x9e37_79b1, count: 4096 };

clause(
  "X-107",
  "a filter that denies all denies each MSR there is, but for x2APIC's and writes of the deadline",
  { nativeOnly: "the look-up is the same, and what it decides is compared by X-87" },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootLocked(vm);
    const indices = Array.from(
      { length: SCATTERED.count },
      (_, i) => (SCATTERED.first + i * SCATTERED.step) % 2 ** 32,
    );
    if (indices.some(isX2apic)) throw new Error("The scattered indices hit an x2APIC MSR");
    for (const kind of KINDS) {
      session.load(hammer(kind));
      for (const series of [...SPACES, SCATTERED]) assertAllDenied(session, kind, series);
      if (kind === "read") assertAllDenied(session, kind, DEADLINE_READ);
    }
  },
);

/** What is in no space that a processor or a hypervisor uses: a write to it changes nothing. */
const NOWHERE: Series = { first: 0x1000_0000, step: 0x1_0001, count: 0x1000 };

/**
 * Asserts that `denied` alone exits, where each access is followed by one of
 * the same kind whose index differs in a single bit: what a look-up keeps of
 * the one before must not decide it.
 */
function assertNoNeighbour(session: Session, denied: number): void {
  const neighbours = Array.from({ length: 32 }, (_, bit) => (denied ^ 1 << bit) >>> 0);
  for (const kind of KINDS) {
    const indices = neighbours.filter((index) => !isX2apic(index))
      .flatMap((index) => [denied, index]);
    const walked = session.walk(indices.map((index) => ({ kind, index, value: 0n })), {
      onRdmsr: (exit) => exit.supply(1n),
      onWrmsr: (exit) => exit.acknowledge(),
    });
    for (const { access, exit } of walked) {
      const wanted = access.index === denied;
      assertEquals(exit !== undefined, wanted, `${nameAccess(access)}: whether it exits`);
    }
  }
}

clause(
  "X-113",
  "a filter that denies one MSR denies no other: of all others no access exits for it",
  { nativeOnly: "the look-up is the same, and what it decides is compared by X-87" },
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["filter"]);
    const denied = 0x5000;
    vm.setMsrFilter({ default: "allow", ranges: [{ base: denied, count: 1, deny: "read-write" }] });
    const session = Session.boot(vm, asm64`jmp finish`);
    const reads = [...SPACES, DEADLINE_READ, SCATTERED, NOWHERE, upTo(0x4fff, 0x4fff)];
    for (const [kind, spaces] of [["read", reads], ["write", [NOWHERE]]] as const) {
      session.load(hammer(kind));
      // Each completes or raises a #GP of KVM's own; an exit is not expected, and ends the clause.
      for (const { first, step, count } of spaces) {
        session.restart();
        const { vcpu } = session;
        const start = { rcx: BigInt(first), rdi: BigInt(step), rsi: BigInt(count) };
        vcpu.setRegs({ ...vcpu.regs(), ...start });
        session.finish();
      }
    }
    assertNoNeighbour(session, denied);
  },
);
