/**
 * Answers to MSR exits, and what the guest makes of them.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  asm64,
  assertGp,
  assertNoFault,
  assertValue,
  ClosedError,
  guest,
  type Kvm,
  kvmRunOffset,
  Msr,
  MsrFilter,
  Session,
  type Vm,
} from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";

/** A VM that sends every MSR access to user space. */
function makeVm(kvm: Kvm): Vm {
  const vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  return vm;
}

const READ = guest.rdmsr(Msr.IA32_SYSENTER_CS);
const WRITE = guest.wrmsr(Msr.IA32_SYSENTER_CS, 0x8000_0001_0000_0002n);

kvmTest("supply() is what the guest reads, in both halves", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(vm, READ);
  for (const value of [0n, 1n, 0x8000_0000_8000_0000n, 2n ** 64n - 1n]) {
    session.restart();
    session.next("X86_RDMSR").supply(value);
    const seen = session.finish();
    assertValue(session, seen, value);
    // RDMSR clears the upper halves of RAX and RDX.
    assertEquals([seen.regs.rax >> 32n, seen.regs.rdx >> 32n], [0n, 0n]);
  }
});

kvmTest("refuse() is a #GP with error code 0 at the instruction, for every byte", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(vm, READ);
  for (const error of [1, 2, 0x80, 255]) {
    session.restart();
    session.next("X86_RDMSR").refuse(error);
    const seen = session.finish();
    assertGp(session, seen, { rip: session.symbol("rdmsr") });
    assertEquals([seen.regs.rax, seen.regs.rdx], [2n ** 64n - 1n, 2n ** 64n - 1n]);
  }
});

kvmTest("acknowledge() lets the guest go on, and the MSR stays as it was", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(vm, WRITE);
  const before = session.vcpu.getMsr(Msr.IA32_SYSENTER_CS);
  const exit = session.next("X86_WRMSR");
  assertEquals([exit.index, exit.data], [Msr.IA32_SYSENTER_CS, 0x8000_0001_0000_0002n]);
  exit.acknowledge();
  assertNoFault(session, session.finish());
  assertEquals(session.vcpu.getMsr(Msr.IA32_SYSENTER_CS), before);
});

kvmTest("refuse() of a write is a #GP at the instruction", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(vm, WRITE);
  session.next("X86_WRMSR").refuse();
  assertGp(session, session.finish(), { rip: session.symbol("wrmsr") });
});

kvmTest("an exit without an answer is a read of zero, or a write that passes", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(vm, READ);
  session.next("X86_RDMSR");
  assertValue(session, session.finish(), 0n);
  session.load(WRITE);
  session.next("X86_WRMSR");
  assertNoFault(session, session.finish());
});

kvmTest("the last of several answers counts", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(vm, READ);
  const first = session.next("X86_RDMSR");
  first.supply(1n);
  first.refuse();
  first.supply(2n);
  assertValue(session, session.finish(), 2n);
  session.restart();
  const second = session.next("X86_RDMSR");
  second.supply(3n);
  second.refuse();
  assertGp(session, session.finish());
});

kvmTest("a wrong answer throws before it is given", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(vm, READ);
  const exit = session.next("X86_RDMSR");
  exit.supply(5n);
  for (const error of [0, 256, -1, 0.5]) assertThrows(() => exit.refuse(error), RangeError);
  for (const value of [-1n, 2n ** 64n]) assertThrows(() => exit.supply(value), RangeError);
  assertValue(session, session.finish(), 5n);
});

kvmTest("an answer after the next entry throws and changes nothing", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(
    vm,
    asm64`
      mov ecx, 0x174
      rdmsr
      mov ebx, eax
      rdmsr
      jmp finish
    `,
  );
  const first = session.next("X86_RDMSR");
  first.supply(1n);
  const second = session.next("X86_RDMSR");
  for (const late of [() => first.supply(9n), () => first.refuse()]) {
    assertThrows(late, Error, "Cannot answer the MSR exit: the vCPU has been entered again");
  }
  second.supply(2n);
  const { rbx, rax } = session.finish().regs;
  assertEquals([rbx, rax], [1n, 2n]);
  assertThrows(() => second.supply(3n), Error, "entered again");
});

kvmTest("an answer after the VM was closed throws", ({ kvm }) => {
  const vm = makeVm(kvm);
  const exit = Session.boot(vm, READ).next("X86_RDMSR");
  vm.close();
  assertThrows(() => exit.supply(1n), ClosedError);
  assertThrows(() => exit.refuse(), ClosedError);
});

kvmTest("the bytes of kvm_run answer as well", ({ kvm }) => {
  using vm = makeVm(kvm);
  const session = Session.boot(vm, READ);
  session.next("X86_RDMSR");
  session.vcpu.kvmRun.setBigUint64(kvmRunOffset("msr.data"), 0x77n, true);
  assertValue(session, session.finish(), 0x77n);
  session.restart();
  session.next("X86_RDMSR");
  session.vcpu.kvmRun.setUint8(kvmRunOffset("msr.error"), 3);
  assertGp(session, session.finish());
});
