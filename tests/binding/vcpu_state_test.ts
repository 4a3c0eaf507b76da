/**
 * A vCPU's registers, special registers, CPUID, events and debug registers.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { asm64, KvmError, type Regs, Session } from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";

kvmTest("setRegs() and regs() carry every register", ({ kvm }) => {
  using vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  const regs = vcpu.regs();
  (Object.keys(regs) as (keyof Regs)[]).forEach((name, i) => {
    regs[name] = 0x8000_0000_0000_0000n | BigInt(i + 1);
  });
  regs.rip = 0xc123n;
  regs.rflags = 0x246n;
  vcpu.setRegs(regs);
  assertEquals(vcpu.regs(), regs);
  vcpu.setRegs({ rip: 1n, rflags: 2n });
  assertEquals([vcpu.regs().rax, vcpu.regs().rip], [0n, 1n]);
});

kvmTest("setRegs() sets what the guest computes with", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      add rax, r15
      jmp finish
    `,
  );
  session.vcpu.setRegs({ ...session.vcpu.regs(), rax: 2n ** 63n, r15: 5n });
  assertEquals(session.finish().regs.rax, 2n ** 63n + 5n);
});

kvmTest("setSregs() and sregs() carry segments, tables and control registers", ({ kvm }) => {
  using vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  vcpu.setCpuid(vm.supportedCpuid);
  const reset = vcpu.sregs();
  assertEquals([reset.cs.selector, reset.cs.base, reset.cr0 & 1n], [0xf000, 0xffff_0000n, 0n]);
  const changed = {
    ...reset,
    ds: { ...reset.ds, base: 0x1230n, selector: 0x123 },
    gdt: { base: 0x5000n, limit: 0x47 },
    idt: { base: 0x6000n, limit: 0x3ff },
    cr2: 0xdead_b000n,
  };
  vcpu.setSregs(changed);
  assertEquals(vcpu.sregs(), changed);
});

kvmTest("setSregs() names the ioctl when the kernel refuses the state", ({ kvm }) => {
  using vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  vcpu.setCpuid(vm.supportedCpuid);
  const sregs = vcpu.sregs();
  // Long mode active with paging, but without PAE.
  const impossible = { ...sregs, cr0: 0x8000_0001n, cr4: 0n, efer: 0x500n };
  const error = assertThrows(() => vcpu.setSregs(impossible), KvmError);
  assertEquals([error.ioctl, error.errnoName], ["KVM_SET_SREGS", "EINVAL"]);
});

kvmTest("setCpuid() and cpuid() carry the leaves, and a new vCPU has none", ({ kvm }) => {
  using vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  assertEquals(vcpu.cpuid(), []);
  vcpu.setCpuid(vm.supportedCpuid);
  const leaf = ({ function: number, index }: { function: number; index: number }) =>
    `${number.toString(16)}.${index}`;
  assertEquals(vcpu.cpuid().map(leaf), vm.supportedCpuid.map(leaf));
  assertEquals(vcpu.cpuid()[0], vm.supportedCpuid[0]);
});

kvmTest("setCpuid() decides what the guest's CPUID gives", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov eax, 0x80000002
      xor ecx, ecx
      cpuid
      jmp finish
    `,
  );
  const entries = vm.supportedCpuid.map((entry) =>
    entry.function === 0x8000_0002
      ? { ...entry, eax: 0x1111_1111, ebx: 0x2222_2222, ecx: 0x3333_3333, edx: 0x4444_4444 }
      : entry
  );
  session.vcpu.setCpuid(entries);
  const { rax, rbx, rcx, rdx } = session.finish().regs;
  assertEquals([rax, rbx, rcx, rdx], [0x1111_1111n, 0x2222_2222n, 0x3333_3333n, 0x4444_4444n]);
});

kvmTest("setEvents() and events() carry a pending NMI", ({ kvm }) => {
  using vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  assertEquals(vcpu.events()["nmi.pending"], 0);
  vcpu.setEvents({ flags: 1, "nmi.pending": 1 });
  assertEquals(vcpu.events()["nmi.pending"], 1);
  vcpu.setEvents({ ...vcpu.events(), "nmi.pending": 0 });
  assertEquals(vcpu.events()["nmi.pending"], 0);
});

kvmTest("setEvents() and events() carry an injected exception", ({ kvm }) => {
  using vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  vcpu.setEvents({
    "exception.injected": 1,
    "exception.nr": 13,
    "exception.has_error_code": 1,
    "exception.error_code": 0x58,
  });
  const events = vcpu.events();
  assertEquals([events["exception.injected"], events["exception.nr"]], [1, 13]);
  assertEquals([events["exception.has_error_code"], events["exception.error_code"]], [1, 0x58]);
});

kvmTest("setEvents() of an exception that is none is EINVAL", ({ kvm }) => {
  using vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  for (const nr of [2, 32]) {
    const events = { "exception.injected": 1, "exception.nr": nr };
    assertEquals(assertThrows(() => vcpu.setEvents(events), KvmError).errnoName, "EINVAL");
  }
});

kvmTest("setDebugRegs() and debugRegs() carry DR0 to DR3, DR6 and DR7", ({ kvm }) => {
  using vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  const regs = { db: [0x1000n, 0x2000n, 0x3000n, 0x4000n], dr6: 0xffff_0ff1n, dr7: 0x455n };
  vcpu.setDebugRegs(regs);
  assertEquals(vcpu.debugRegs(), { ...regs, flags: 0n });
  const error = assertThrows(() => vcpu.setDebugRegs({ ...regs, flags: 1n }), KvmError);
  assertEquals([error.ioctl, error.errnoName], ["KVM_SET_DEBUGREGS", "EINVAL"]);
});

kvmTest("enableCap() names the capability that the kernel refuses", ({ kvm }) => {
  using vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  for (const target of [vm, vcpu]) {
    const unknown = assertThrows(() => target.enableCap(9999), KvmError);
    assertEquals(unknown.message, "KVM_ENABLE_CAP failed: EINVAL (22): KVM_CAP_9999");
  }
  const flags = assertThrows(() => vm.enableCap("X86_USER_SPACE_MSR", [4n], 1), KvmError);
  assertEquals(flags.message, "KVM_ENABLE_CAP failed: EINVAL (22): KVM_CAP_X86_USER_SPACE_MSR");
  const five = [1n, 2n, 3n, 4n, 5n];
  assertThrows(() => vm.enableCap("X86_USER_SPACE_MSR", five), RangeError);
});

kvmTest("createVcpu() numbers vCPUs from 0 and refuses a number that is taken", ({ kvm }) => {
  using vm = kvm.createVm();
  assertEquals([vm.createVcpu().id, vm.createVcpu().id, vm.createVcpu(7).id], [0, 1, 7]);
  const error = assertThrows(() => vm.createVcpu(7), KvmError);
  assertEquals([error.ioctl, error.errnoName], ["KVM_CREATE_VCPU", "EEXIST"]);
  assertEquals(vm.vcpus.map(({ id }) => id), [0, 1, 7]);
  assert(vm.vcpus.every(({ closed }) => !closed));
});
