/**
 * MSRs by `KVM_GET_MSRS` and `KVM_SET_MSRS`.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  guest,
  type Kvm,
  KvmError,
  Msr,
  MsrFilter,
  MsrRefusedError,
  Session,
  type Vcpu,
  type Vm,
} from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";

const UNKNOWN = 0xdead_beef;
const KNOWN = [Msr.IA32_SYSENTER_CS, Msr.SYSCALL_MASK, Msr.KERNEL_GS_BASE, Msr.IA32_PAT];

function makeVcpu(kvm: Kvm): { vm: Vm; vcpu: Vcpu } {
  const vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  vcpu.setCpuid(vm.supportedCpuid);
  return { vm, vcpu };
}

kvmTest("setMsrs() and getMsrs() carry values in the order of their list", ({ kvm }) => {
  const { vm, vcpu } = makeVcpu(kvm);
  using _ = vm;
  const values = [0x2bn, 0x4_7700n, 0xffff_8000_0000_0000n, 0x0606_0606_0606_0606n];
  vcpu.setMsrs(KNOWN.map((index, i) => [index, values[i]!]));
  assertEquals(vcpu.getMsrs(KNOWN), values);
  assertEquals(vcpu.getMsrs(KNOWN.toReversed()), values.toReversed());
  assertEquals(vcpu.getMsr(Msr.KERNEL_GS_BASE), values[2]);
});

kvmTest("setMsrs() and getMsrs() of nothing do nothing", ({ kvm }) => {
  const { vm, vcpu } = makeVcpu(kvm);
  using _ = vm;
  vcpu.setMsrs([]);
  assertEquals(vcpu.getMsrs([]), []);
});

kvmTest("getMsrs() reads every MSR of the index list that this vCPU has", ({ kvm }) => {
  const { vm, vcpu } = makeVcpu(kvm);
  using _ = vm;
  const readable = kvm.msrIndexList().filter((index) => {
    try {
      vcpu.getMsr(index);
      return true;
    } catch (error) {
      if (error instanceof MsrRefusedError) return false;
      throw error;
    }
  });
  assertEquals(vcpu.getMsrs(readable).length, readable.length);
  for (const index of KNOWN.slice(0, 3)) assertEquals(readable.includes(index), true);
});

kvmTest("setMsrs() sets what the guest reads, and getMsr() sees what it writes", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
  session.vcpu.setMsrs([[Msr.IA32_SYSENTER_CS, 0x1234n]]);
  assertEquals(session.finish().value, 0x1234n);
  session.load(guest.wrmsr(Msr.IA32_SYSENTER_CS, 0x4321n));
  session.finish();
  assertEquals(session.vcpu.getMsr(Msr.IA32_SYSENTER_CS), 0x4321n);
});

kvmTest("getMsrs() names the first refused of several in the middle of a list", ({ kvm }) => {
  const { vm, vcpu } = makeVcpu(kvm);
  using _ = vm;
  const list = [KNOWN[0]!, KNOWN[1]!, UNKNOWN, KNOWN[2]!, UNKNOWN + 1];
  const error = assertThrows(() => vcpu.getMsrs(list), MsrRefusedError);
  assertEquals([error.ioctl, error.index, error.count], ["KVM_GET_MSRS", UNKNOWN, 2]);
  assertEquals(
    error.message,
    "KVM_GET_MSRS refused MSR 0xdeadbeef: 2 of 5 entries were done",
  );
  const first = assertThrows(() => vcpu.getMsrs([UNKNOWN + 1, UNKNOWN]), MsrRefusedError);
  assertEquals([first.index, first.count], [UNKNOWN + 1, 0]);
}, { requires: [reportsUnknownMsrs] });

kvmTest("setMsrs() sets what comes before the refused MSR and nothing after it", ({ kvm }) => {
  const { vm, vcpu } = makeVcpu(kvm);
  using _ = vm;
  vcpu.setMsrs(KNOWN.slice(0, 3).map((index) => [index, 0n]));
  const entries = [[KNOWN[0]!, 1n], [UNKNOWN, 2n], [KNOWN[2]!, 3n]] as const;
  const error = assertThrows(() => vcpu.setMsrs(entries), MsrRefusedError);
  assertEquals([error.ioctl, error.index, error.count], ["KVM_SET_MSRS", UNKNOWN, 1]);
  assertEquals(vcpu.getMsrs([KNOWN[0]!, KNOWN[2]!]), [1n, 0n]);
}, { requires: [reportsUnknownMsrs] });

kvmTest("setMsrs() names an MSR whose value is refused", ({ kvm }) => {
  const { vm, vcpu } = makeVcpu(kvm);
  using _ = vm;
  const entries = [[KNOWN[0]!, 1n], [Msr.EFER, 2n ** 63n]] as const;
  const error = assertThrows(() => vcpu.setMsrs(entries), MsrRefusedError);
  assertEquals([error.index, error.count], [Msr.EFER, 1]);
});

kvmTest("getMsrs() of more MSRs than the kernel takes is E2BIG", ({ kvm }) => {
  const { vm, vcpu } = makeVcpu(kvm);
  using _ = vm;
  const list = new Array<number>(257).fill(Msr.IA32_SYSENTER_CS);
  const error = assertThrows(() => vcpu.getMsrs(list), KvmError);
  assertEquals([error.ioctl, error.errnoName], ["KVM_GET_MSRS", "E2BIG"]);
});

kvmTest("a filter governs the guest's accesses and not getMsr()", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
  session.vcpu.setMsrs([[Msr.IA32_SYSENTER_CS, 0x77n]]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  assertEquals(session.finish().fault?.vector, 13);
  assertEquals(session.vcpu.getMsr(Msr.IA32_SYSENTER_CS), 0x77n);
  vm.setMsrFilter(MsrFilter.ALLOW_ALL);
  session.restart();
  assertEquals(session.finish().value, 0x77n);
});
