/**
 * The list walker against the same accesses one by one.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  asm32,
  asm64,
  guest,
  GuestAssertionError,
  type Kvm,
  Msr,
  type MsrAccess,
  type MsrFilterSpec,
  Session,
  type Vm,
  type WalkedAccess,
} from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";

const UNKNOWN = 0xdead_beef;

/** Denied reads of IA32_SYSENTER_ESP and writes of KERNEL_GS_BASE; all else is allowed. */
const FILTER: MsrFilterSpec = {
  default: "allow",
  ranges: [
    { base: Msr.IA32_SYSENTER_ESP, count: 1, deny: "read" },
    { base: Msr.KERNEL_GS_BASE, count: 1, deny: "write" },
  ],
};

const ACCESSES: readonly MsrAccess[] = [
  { kind: "write", index: Msr.IA32_SYSENTER_CS, value: 0x1234n },
  { kind: "read", index: Msr.IA32_SYSENTER_CS },
  { kind: "write", index: Msr.IA32_SYSENTER_ESP, value: 0x8000_1000n },
  { kind: "read", index: Msr.IA32_SYSENTER_ESP },
  { kind: "write", index: Msr.KERNEL_GS_BASE, value: 0xffff_8000_0000_0000n },
  { kind: "read", index: Msr.KERNEL_GS_BASE },
  { kind: "read", index: UNKNOWN },
  { kind: "write", index: UNKNOWN },
  { kind: "write", index: Msr.SYSCALL_MASK, value: 0x4_7700n },
  { kind: "read", index: Msr.SYSCALL_MASK },
];

/** What is the same of an access, however it is made. */
type Outcome = readonly [
  value: bigint | undefined,
  errorCode: number | undefined,
  exit: string | undefined,
];

function makeVm(kvm: Kvm): Vm {
  const vm = kvm.createVm();
  vm.setMsrFilter(FILTER);
  return vm;
}

const answers = {
  onRdmsr: (exit: { supply(value: bigint): void }) => exit.supply(0x5555n),
  onWrmsr: (exit: { refuse(): void }) => exit.refuse(),
};

function one(session: Session, { kind, index, value = 0n }: MsrAccess): Outcome {
  session.load(kind === "read" ? guest.rdmsr(index) : guest.wrmsr(index, value));
  const seen = session.finish(answers);
  const exit = session.transcript.exits.find(({ name }) => name.startsWith("X86_"))?.name;
  if (seen.fault !== undefined) return [undefined, seen.fault.errorCode, exit];
  return [kind === "read" ? seen.value : undefined, undefined, exit];
}

function ofWalk({ value, fault, exit }: WalkedAccess): Outcome {
  return [value, fault?.errorCode, exit?.name];
}

for (const reasons of [[], ["filter"]] as const) {
  const how = reasons.length === 0 ? "#GP" : "an exit";
  kvmTest(`walk() sees what single accesses see, denied ones by ${how}`, ({ kvm }) => {
    using walking = makeVm(kvm);
    using single = makeVm(kvm);
    for (const vm of [walking, single]) vm.enableUserSpaceMsr(reasons);
    const session = Session.boot(single, asm64`nop`);
    const expected = ACCESSES.map((access) => one(session, access));
    const walked = Session.boot(walking, asm64`nop`).walk(ACCESSES, answers);
    assertEquals(walked.map(ofWalk), expected);
    assertEquals(walked.map(({ access }) => access), [...ACCESSES]);
    assert(expected.some(([, errorCode]) => errorCode === 0));
  }, { requires: [reportsUnknownMsrs] });
}

kvmTest("walk() gives the place of the instruction that took the #GP", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(vm, asm64`nop`);
  const [read, write] = session.walk([
    { kind: "read", index: Msr.IA32_SYSENTER_ESP },
    { kind: "write", index: Msr.KERNEL_GS_BASE },
  ]);
  assertEquals(read!.fault, { errorCode: 0, rip: session.symbol("read_msr") });
  assertEquals(write!.fault, { errorCode: 0, rip: session.symbol("write_msr") });
});

kvmTest("walk() gives each access the exit that it made", ({ kvm }) => {
  using vm = makeVm(kvm);
  vm.enableUserSpaceMsr(["filter"]);
  const session = Session.boot(vm, asm64`nop`);
  const accesses: MsrAccess[] = Array.from({ length: 100 }, (_, i) => ({
    kind: "read",
    index: i % 3 === 0 ? Msr.IA32_SYSENTER_ESP : Msr.IA32_SYSENTER_CS,
  }));
  let supplied = 0n;
  const walked = session.walk(accesses, { onRdmsr: (exit) => exit.supply(supplied++) });
  walked.forEach(({ access, exit, value }, i) => {
    assertEquals(exit?.index, i % 3 === 0 ? access.index : undefined);
    if (i % 3 === 0) assertEquals(value, BigInt(i / 3));
  });
  assertEquals(supplied, 34n);
});

kvmTest("walk() takes more accesses than one list holds, and none at all", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, asm64`nop`);
  session.vcpu.setMsrs([[Msr.IA32_SYSENTER_CS, 0x77n]]);
  const access: MsrAccess = { kind: "read", index: Msr.IA32_SYSENTER_CS };
  const walked = session.walk(new Array<MsrAccess>(25_000).fill(access));
  assertEquals(walked.length, 25_000);
  assert(walked.every(({ value, fault }) => value === 0x77n && fault === undefined));
  assertEquals(session.walk([]), []);
});

kvmTest("boot() without a program gives a guest that ends at once and can walk", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(vm);
  assertEquals(session.finish().fault, undefined);
  assertEquals(session.walk([{ kind: "read", index: Msr.IA32_SYSENTER_CS }])[0]!.value, 0n);
});

kvmTest("walk() over a thousand #GPs leaves nothing on the stack", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(vm, asm64`nop`);
  const denied: MsrAccess = { kind: "read", index: Msr.IA32_SYSENTER_ESP };
  const walked = session.walk(new Array<MsrAccess>(1000).fill(denied));
  assert(walked.every(({ fault }) => fault?.rip === session.symbol("read_msr")));
  assertEquals(session.vcpu.regs().rsp, 0xa000n);
});

kvmTest("walk() refuses an exit without a handler and a guest in another mode", ({ kvm }) => {
  using vm = makeVm(kvm);
  vm.enableUserSpaceMsr(["filter"]);
  const session = Session.boot(vm, asm64`nop`);
  const denied: MsrAccess = { kind: "read", index: Msr.IA32_SYSENTER_ESP };
  assertThrows(() => session.walk([denied]), GuestAssertionError, "KVM_EXIT_X86_RDMSR (29)");
  assertEquals(session.walk([{ kind: "read", index: Msr.IA32_SYSENTER_CS }])[0]!.value, 0n);
  assertThrows(() => session.walk([{ ...denied, index: 2 ** 32 }]), RangeError);
  const narrow = Session.boot(vm, asm32`nop`);
  assertThrows(() => narrow.walk([denied]), RangeError, "Cannot walk a list in protected mode");
});

kvmTest("load() after walk() has the standard handlers again", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(vm, asm64`nop`);
  session.walk([{ kind: "read", index: Msr.IA32_SYSENTER_ESP }]);
  session.load(guest.rdmsr(Msr.IA32_SYSENTER_ESP));
  assertEquals(session.finish().fault?.vector, 13);
});
