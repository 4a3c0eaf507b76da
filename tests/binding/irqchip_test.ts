/**
 * The in-kernel interrupt controllers: MP state, LAPIC, PIC and PIT.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { asm64, assertNoFault, KvmError, Session } from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";

function refusal(call: () => unknown): string[] {
  const error = assertThrows(call, KvmError);
  return [error.ioctl, error.errnoName];
}

kvmTest("createIrqchip() makes MP states: the first vCPU runs, the others wait", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.createIrqchip();
  const [first, second] = [vm.createVcpu(), vm.createVcpu()];
  assertEquals([first.mpState(), second.mpState()], ["RUNNABLE", "UNINITIALIZED"]);
  for (const state of ["HALTED", "UNINITIALIZED", "INIT_RECEIVED", "RUNNABLE"] as const) {
    second.setMpState(state);
    assertEquals(second.mpState(), state);
  }
});

kvmTest("setMpState() takes nothing but RUNNABLE without the irqchip", ({ kvm }) => {
  using vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  vcpu.setMpState("RUNNABLE");
  assertEquals(vcpu.mpState(), "RUNNABLE");
  assertEquals(refusal(() => vcpu.setMpState("HALTED")), ["KVM_SET_MP_STATE", "EINVAL"]);
});

kvmTest("createIrqchip() is EEXIST the second time, EINVAL after a vCPU", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.createIrqchip();
  assertEquals(refusal(() => vm.createIrqchip()), ["KVM_CREATE_IRQCHIP", "EEXIST"]);
  using late = kvm.createVm();
  late.createVcpu();
  assertEquals(refusal(() => late.createIrqchip()), ["KVM_CREATE_IRQCHIP", "EINVAL"]);
});

kvmTest("lapic() is the register page, with the vCPU's id in it", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.createIrqchip();
  vm.createVcpu();
  const regs = vm.createVcpu(5).lapic();
  assertEquals(regs.length, 1024);
  assertEquals([regs[0x23], regs[0x30]], [5, 0x14]);
});

kvmTest("setLapic() changes the task priority that CR8 shows", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.createIrqchip();
  const vcpu = vm.createVcpu();
  const regs = vcpu.lapic();
  regs[0x80] = 0x30;
  vcpu.setLapic(regs);
  assertEquals([vcpu.lapic()[0x80], vcpu.sregs().cr8], [0x30, 3n]);
});

kvmTest("lapic() and setLapic() are refused without the irqchip", ({ kvm }) => {
  using vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  assertEquals(refusal(() => vcpu.lapic()), ["KVM_GET_LAPIC", "EINVAL"]);
  assertEquals(refusal(() => vcpu.setLapic(new Uint8Array(1024))), ["KVM_SET_LAPIC", "EINVAL"]);
  assertThrows(() => vcpu.setLapic(new Uint8Array(1023)), RangeError, "1023 bytes");
});

kvmTest("createPit() takes the timer's ports away from user space", ({ kvm }) => {
  const program = asm64`
    in al, 0x40
    jmp finish
  `;
  using without = kvm.createVm();
  assertEquals(Session.boot(without, program).next("IO").port, 0x40);
  using vm = kvm.createVm();
  vm.createIrqchip();
  vm.createPit();
  const session = Session.boot(vm, program);
  assertNoFault(session, session.finish());
  assertEquals(session.transcript.count, 1);
});

kvmTest("createPit() needs the irqchip, and is EEXIST the second time", ({ kvm }) => {
  using vm = kvm.createVm();
  assertEquals(refusal(() => vm.createPit()), ["KVM_CREATE_PIT2", "ENOENT"]);
  vm.createIrqchip();
  vm.createPit();
  assertEquals(refusal(() => vm.createPit()), ["KVM_CREATE_PIT2", "EEXIST"]);
});

/** Sets the PIC up to give vectors from 0x20 on, lets IRQ 1 through, and waits for it. */
const WAITS_FOR_IRQ_1 = asm64`
    mov al, 0x11
    out 0x20, al
    mov al, 0x20
    out 0x21, al
    mov al, 0x04
    out 0x21, al
    mov al, 0x01
    out 0x21, al
    mov al, 0xfd
    out 0x21, al
    out 0x80, al
    sti
  waiting:
    jmp waiting
  vector_33:
    mov ebx, 0x33
    jmp finish
`;

kvmTest("setIrqLine() interrupts the guest through the PIC", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.createIrqchip();
  const session = Session.boot(vm, WAITS_FOR_IRQ_1);
  assertEquals(session.next("IO").port, 0x80);
  vm.setIrqLine(1, true);
  const seen = session.finish();
  assertNoFault(session, seen);
  assertEquals(seen.regs.rbx, 0x33n);
  vm.setIrqLine(1, false);
});

kvmTest("setIrqLine() is refused without the irqchip", ({ kvm }) => {
  using vm = kvm.createVm();
  assertEquals(refusal(() => vm.setIrqLine(1, true)), ["KVM_IRQ_LINE", "ENXIO"]);
});

kvmTest("HLT waits in the kernel for an interrupt, which an IRQ line gives", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.createIrqchip();
  const session = Session.boot(vm, { ...WAITS_FOR_IRQ_1, text: halting(WAITS_FOR_IRQ_1.text) });
  session.next("IO");
  vm.setIrqLine(1, true);
  assertEquals(session.finish().regs.rbx, 0x33n);
});

function halting(text: string): string {
  return text.replace("waiting:", "waiting:\nhlt");
}

kvmTest(
  "setTssAddress() and setIdentityMapAddress() are taken before the first vCPU",
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.setTssAddress(0xfffb_d000);
    vm.setIdentityMapAddress(0xfffb_c000);
    const vcpu = vm.createVcpu();
    assertEquals(vcpu.closed, false);
    assertEquals(refusal(() => vm.setIdentityMapAddress(0xfffb_b000)), [
      "KVM_SET_IDENTITY_MAP_ADDR",
      "EINVAL",
    ]);
  },
);
