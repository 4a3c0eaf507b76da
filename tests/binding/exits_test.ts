/**
 * The exits that have nothing to answer.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  asm64,
  ClosedError,
  formatExit,
  guest,
  kvmRunOffset,
  MsrFilter,
  Session,
} from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";

kvmTest("HLT exits without the irqchip, and the guest goes on after it", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      hlt
      mov ebx, 7
      jmp finish
    `,
  );
  assertEquals({ ...session.next("HLT") }, { name: "HLT", number: 5 });
  assertEquals(session.finish().regs.rbx, 7n);
});

kvmTest("a triple fault is SHUTDOWN", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      lidt [rsp]
      ud2
    `,
  );
  assertEquals({ ...session.next("SHUTDOWN") }, { name: "SHUTDOWN", number: 8 });
});

kvmTest("code where no memory is ends in INTERNAL_ERROR, a failed emulation", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov rax, 0x30000000
      jmp rax
    `,
  );
  const exit = session.next("INTERNAL_ERROR");
  assertEquals(exit.suberror, 1);
  assertStringIncludes(formatExit(exit), "KVM_EXIT_INTERNAL_ERROR (17) suberror EMULATION (1)");
  assertEquals(session.vcpu.regs().rip, 0x3000_0000n);
});

kvmTest("run() with immediateExit is INTR before the first instruction", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, asm64`hlt`);
  const exit = session.step({ immediateExit: true });
  assertEquals({ ...exit }, { name: "INTR", number: 10 });
  assertEquals(session.vcpu.regs().rip, BigInt(session.program.base));
  session.next("HLT");
});

kvmTest("run() with immediateExit is INTR whatever the exit before it was", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      out 0x80, al
      hlt
    `,
  );
  session.next("IO");
  for (let i = 0; i < 3; i++) assertEquals(session.step({ immediateExit: true }).name, "INTR");
  session.next("HLT");
  assertEquals(session.step({ immediateExit: true }).name, "INTR");
});

kvmTest("run() with immediateExit completes an answered access and goes no further", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  const session = Session.boot(vm, guest.rdmsr(0x174));
  session.next("X86_RDMSR").supply(0x1_0000_0007n);
  assertEquals(session.step({ immediateExit: true }).name, "INTR");
  const { rax, rdx, rip } = session.vcpu.regs();
  assertEquals([rax, rdx, rip], [7n, 1n, session.symbol("after")]);
});

kvmTest("run() leaves immediate_exit as it was after a run with immediateExit", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, asm64`hlt`);
  session.step({ immediateExit: true });
  assertEquals(session.vcpu.kvmRun.getUint8(kvmRunOffset("immediate_exit")), 0);
  assertThrows(() => session.step({ immediateExit: true, deadlineMs: -1 }), RangeError);
  assertEquals(session.vcpu.kvmRun.getUint8(kvmRunOffset("immediate_exit")), 0);
  session.next("HLT");
});

kvmTest("kvmRun shows what the exit was decoded from", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, asm64`out 0x42, al`);
  session.next("IO");
  const { kvmRun } = session.vcpu;
  assertEquals(kvmRun.byteLength, kvm.vcpuMmapSize);
  assertEquals(kvmRun.getUint32(kvmRunOffset("exit_reason"), true), 2);
  assertEquals(kvmRun.getUint16(kvmRunOffset("io.port"), true), 0x42);
  vm.close();
  assertThrows(() => session.vcpu.kvmRun, ClosedError);
  assertThrows(() => kvmRun.getUint8(0), TypeError);
});

kvmTest("next() takes the exit by name and shows another", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, asm64`hlt`);
  const error = assertThrows(() => session.next("SHUTDOWN"));
  assert(error.message.startsWith("Wanted KVM_EXIT_SHUTDOWN (8), got KVM_EXIT_HLT (5)\n"));
});
