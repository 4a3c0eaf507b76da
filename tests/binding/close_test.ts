/**
 * The life of the objects: who may outlive whom, and what is left of a view.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  asm64,
  assertNoFault,
  ClosedError,
  guest,
  Kvm,
  KvmError,
  Session,
  takeCensus,
} from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";

const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] as const;

kvmTest("kvm, vm and vcpu close in any order, and twice", ({ kvm }) => {
  for (const order of ORDERS) {
    const before = takeCensus();
    const own = Kvm.open();
    const vm = own.createVm();
    const { vcpu } = Session.boot(vm, asm64`jmp finish`);
    const all = [own, vm, vcpu];
    assertEquals(takeCensus(), { fds: before.fds + 3, mappings: before.mappings + 2 });
    for (const i of order) {
      all[i]!.close();
      all[i]!.close();
    }
    for (const object of all) object[Symbol.dispose]();
    assertEquals(takeCensus(), before);
  }
  assertEquals(kvm.apiVersion, 12);
});

kvmTest("a VM lives on without the Kvm that it was made from", () => {
  const own = Kvm.open();
  using vm = own.createVm();
  own.close();
  const session = Session.boot(vm, guest.rdmsr(0x174));
  assertNoFault(session, session.finish());
  assertThrows(() => own.createVm(), ClosedError, "the KVM device is closed");
  assertThrows(() => own.supportedCpuid(), ClosedError);
});

kvmTest("a VM lives on without one of its vCPUs", ({ kvm }) => {
  using vm = kvm.createVm();
  const first = Session.boot(vm, asm64`jmp finish`);
  const second = Session.boot(vm, asm64`jmp finish`);
  first.vcpu.close();
  assertThrows(() => first.step(), ClosedError, "Cannot call KVM_RUN: the vCPU is closed");
  assertEquals(first.describe(), "The vCPU is closed");
  assertNoFault(second, second.finish());
  assertEquals(vm.vcpus.map(({ closed }) => closed), [true, false]);
});

kvmTest("closing a VM closes its vCPUs and detaches every view of its memory", ({ kvm }) => {
  const vm = kvm.createVm();
  const { vcpu } = Session.boot(vm, asm64`hlt`);
  const [bytes, view, run] = [vm.memory.bytes(0, 64), vm.memory.view(0, 64), vcpu.kvmRun];
  const { syncRegs } = vcpu;
  vm.close();
  assertEquals([vm.closed, vcpu.closed, vm.memory.slots], [true, true, []]);
  assertEquals([bytes.length, bytes[0]], [0, undefined]);
  assertThrows(() => bytes.fill(1), TypeError);
  assertThrows(() => view.setUint8(0, 1), TypeError);
  assertThrows(() => run.getUint32(8, true), TypeError);
  assertThrows(() => vcpu.kvmRun, ClosedError);
  assertThrows(() => syncRegs.regs, ClosedError);
  assertThrows(() => vm.memory.bytes(0, 1), ClosedError, "Cannot access guest memory");
  assertThrows(() => vm.createVcpu(), ClosedError, "Cannot call KVM_CREATE_VCPU: the VM is closed");
});

kvmTest("removing a slot detaches just the views of it", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.memory.add({ slot: 0, gpa: 0, size: 0x1000 });
  vm.memory.add({ slot: 1, gpa: 0x1000, size: 0x1000 });
  const [first, second] = [vm.memory.bytes(0, 8), vm.memory.bytes(0x1000, 8)];
  vm.memory.remove(0);
  assertEquals([first.length, second.length], [0, 8]);
});

kvmTest("a failed ioctl leaves the object usable", ({ kvm }) => {
  using vm = kvm.createVm();
  assertThrows(() => vm.enableCap(9999), KvmError);
  const session = Session.boot(vm, asm64`jmp finish`);
  assertThrows(() => session.vcpu.enableCap(9999), KvmError);
  assertNoFault(session, session.finish());
});
