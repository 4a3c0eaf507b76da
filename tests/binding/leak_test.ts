/**
 * Nothing of KVM is left behind, however often and however it ends.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  asm16,
  asm32,
  asm64,
  type AsmSource,
  guest,
  KvmError,
  Session,
  type SessionOptions,
  takeCensus,
} from "@trapline/trapline";
import { withCensus } from "../support/census.ts";
import { kvmTest } from "../support/kvm_testing.ts";

kvmTest("500 VMs with vCPU and memory leave nothing behind", ({ kvm }) => {
  const before = takeCensus();
  for (let i = 0; i < 500; i++) {
    using vm = kvm.createVm();
    vm.memory.add({ slot: 0, gpa: 0, size: 0x10000 });
    vm.createVcpu();
  }
  assertEquals(takeCensus(), before);
});

kvmTest("sessions that ran leave nothing behind", ({ kvm }) => {
  const before = takeCensus();
  for (let i = 0; i < 50; i++) {
    using vm = kvm.createVm();
    Session.boot(vm, guest.rdmsr(0x174)).finish();
    Session.boot(vm, guest.wrmsr(0x174, 1n)).finish();
  }
  assertEquals(takeCensus(), before);
});

kvmTest("boot() that fails before the VM changes leaves it as it was", ({ kvm }) => {
  using vm = kvm.createVm();
  const before = takeCensus();
  const bad: [AsmSource, SessionOptions][] = [
    [asm64`mov rax`, {}],
    [asm64`jmp nowhere`, {}],
    [asm32`nop`, { mode: "long" }],
    [asm64`nop`, { mode: "real" }],
    [asm64`db "${"x".repeat(0x4001)}"`, {}],
    [asm64`vector_256: nop`, {}],
  ];
  for (const [program, options] of bad) {
    assertThrows(() => Session.boot(vm, program, options));
    assertEquals([takeCensus(), vm.memory.slots, vm.vcpus.length], [before, [], 0]);
  }
  Session.boot(vm, asm16`jmp finish`).finish();
});

kvmTest("boot() of a second guest in real mode leaves the first as it was", ({ kvm }) => {
  using vm = kvm.createVm();
  const first = Session.boot(vm, asm16`jmp finish`);
  const before = takeCensus();
  assertThrows(() => Session.boot(vm, asm16`jmp finish`), RangeError, "second guest in real mode");
  assertEquals([takeCensus(), vm.memory.slots.length], [before, 1]);
  first.finish();
});

kvmTest("boot() that the kernel refuses in the middle leaves no memory and no vCPU", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.createVcpu(1);
  const before = takeCensus();
  const error = assertThrows(() => Session.boot(vm, asm64`jmp finish`), KvmError);
  assertEquals([error.ioctl, error.errnoName], ["KVM_CREATE_VCPU", "EEXIST"]);
  assertEquals([takeCensus(), vm.memory.slots], [before, []]);
});

kvmTest("boot() into a slot that is taken leaves that slot", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.memory.add({ slot: 0, gpa: 0x4000_0000, size: 0x1000 });
  const before = takeCensus();
  assertThrows(() => Session.boot(vm, asm64`jmp finish`), RangeError, "slot 0: it exists");
  assertEquals([takeCensus(), vm.memory.slots.length], [before, 1]);
});

kvmTest("withCensus() sees a descriptor and a mapping that are left", ({ kvm }) => {
  const vm = kvm.createVm();
  assertThrows(
    () => withCensus("It", () => void vm.createVcpu()),
    Error,
    "It leaks: 1 descriptors, 1",
  );
  const more = { slot: 0, gpa: 0, size: 0x1000 };
  assertThrows(() => withCensus("It", () => vm.memory.add(more)), Error, "0 descriptors, 1 mapp");
  vm.close();
});
