/**
 * The same guest again and again: what does not flake in a thousand runs.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { asm64, guest, Msr, MsrFilter, Session } from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";

kvmTest("a thousand runs of the smallest guest all come to its end", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, asm64`jmp finish`);
  for (let i = 0; i < 1000; i++) {
    session.restart();
    const { fault, regs } = session.finish();
    assertEquals([fault, regs.rax, regs.rsp], [undefined, 0n, 0xa000n]);
    assertEquals(session.transcript.count, 1);
  }
});

kvmTest("a thousand refused reads are a thousand #GPs", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
  const rip = session.symbol("rdmsr");
  for (let i = 0; i < 1000; i++) {
    session.restart();
    session.next("X86_RDMSR").refuse();
    const { fault } = session.finish();
    assertEquals([fault?.vector, fault?.errorCode, fault?.rip], [13, 0, rip]);
  }
});

kvmTest("a thousand alternating programs do not mix", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, asm64`jmp finish`);
  const programs = [
    asm64`mov eax, 1
    jmp finish`,
    asm64`ud2`,
  ] as const;
  for (let i = 0; i < 1000; i++) {
    session.load(programs[i % 2]!);
    const { fault, value } = session.finish();
    assertEquals([fault?.vector, value], i % 2 === 0 ? [undefined, 1n] : [6, 0n]);
  }
});
