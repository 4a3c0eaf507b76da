/**
 * Every method that reaches the kernel, over a descriptor that is none and
 * after `close()`. The tables below must name all of them: a method that is
 * left out fails the first test.
 */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { IOCTL } from "./abi/ioctls.ts";
import { ClosedError, KvmError } from "./errors.ts";
import { GuestMemory } from "./guest_memory.ts";
import { HostMemory } from "./host_memory.ts";
import { Kvm } from "./kvm.ts";
import { MsrFilter } from "./msr_filter.ts";
import { RunPage } from "./run_page.ts";
import { SyncRegs } from "./sync_regs.ts";
import { closeFd, openFd } from "./sys/fd.ts";
import { Mapping, PAGE_SIZE } from "./sys/mapping.ts";
import { readLink } from "./sys/proc.ts";
import { Vcpu } from "./vcpu.ts";
import { Vm } from "./vm.ts";

/** What to call, and the ioctl that the call makes first; `null` when it makes none. */
type Call<T> = readonly [call: (target: T) => unknown, ioctl: keyof typeof IOCTL | null];
type Calls<T> = Readonly<Record<string, Call<T>>>;

const BAD_FD = -2;

function makePage(): RunPage {
  return new RunPage(Mapping.memory(3 * PAGE_SIZE));
}

const makeKvm = (): Kvm => new Kvm(BAD_FD);
const makeVm = (): Vm => new Vm(BAD_FD, 3 * PAGE_SIZE, []);
const makeVcpu = (): Vcpu => new Vcpu(BAD_FD, 0, makePage());

const KVM_CALLS: Calls<Kvm> = {
  apiVersion: [(kvm) => kvm.apiVersion, "GET_API_VERSION"],
  checkExtension: [(kvm) => kvm.checkExtension("IRQCHIP"), "CHECK_EXTENSION"],
  vcpuMmapSize: [(kvm) => kvm.vcpuMmapSize, "GET_VCPU_MMAP_SIZE"],
  supportedCpuid: [(kvm) => kvm.supportedCpuid(), "GET_SUPPORTED_CPUID"],
  emulatedCpuid: [(kvm) => kvm.emulatedCpuid(), "GET_EMULATED_CPUID"],
  msrIndexList: [(kvm) => kvm.msrIndexList(), "GET_MSR_INDEX_LIST"],
  msrFeatureIndexList: [(kvm) => kvm.msrFeatureIndexList(), "GET_MSR_FEATURE_INDEX_LIST"],
  featureMsrs: [(kvm) => kvm.featureMsrs([0x8b]), "GET_MSRS"],
  createVm: [(kvm) => kvm.createVm(), "GET_VCPU_MMAP_SIZE"],
};

const VM_CALLS: Calls<Vm> = {
  checkExtension: [(vm) => vm.checkExtension(0), "CHECK_EXTENSION"],
  enableCap: [(vm) => vm.enableCap(188, [4n]), "ENABLE_CAP"],
  enableUserSpaceMsr: [(vm) => vm.enableUserSpaceMsr(["filter"]), "ENABLE_CAP"],
  setMsrFilter: [(vm) => vm.setMsrFilter(MsrFilter.DENY_ALL), "X86_SET_MSR_FILTER"],
  setTssAddress: [(vm) => vm.setTssAddress(0xfffb_d000), "SET_TSS_ADDR"],
  setIdentityMapAddress: [(vm) => vm.setIdentityMapAddress(0x1000), "SET_IDENTITY_MAP_ADDR"],
  createIrqchip: [(vm) => vm.createIrqchip(), "CREATE_IRQCHIP"],
  createPit: [(vm) => vm.createPit(), "CREATE_PIT2"],
  setIrqLine: [(vm) => vm.setIrqLine(1, true), "IRQ_LINE"],
  createVcpu: [(vm) => vm.createVcpu(), "CREATE_VCPU"],
  stats: [(vm) => vm.stats(), "GET_STATS_FD"],
};

const VCPU_CALLS: Calls<Vcpu> = {
  kvmRun: [(vcpu) => vcpu.kvmRun, null],
  run: [(vcpu) => vcpu.run(), "SET_SIGNAL_MASK"],
  regs: [(vcpu) => vcpu.regs(), "GET_REGS"],
  setRegs: [(vcpu) => vcpu.setRegs({}), "SET_REGS"],
  sregs: [(vcpu) => vcpu.sregs(), "GET_SREGS"],
  setSregs: [(vcpu) => vcpu.setSregs({} as ReturnType<Vcpu["sregs"]>), "SET_SREGS"],
  cpuid: [(vcpu) => vcpu.cpuid(), "GET_CPUID2"],
  setCpuid: [(vcpu) => vcpu.setCpuid([]), "SET_CPUID2"],
  getMsrs: [(vcpu) => vcpu.getMsrs([0x10]), "GET_MSRS"],
  getMsr: [(vcpu) => vcpu.getMsr(0x10), "GET_MSRS"],
  setMsrs: [(vcpu) => vcpu.setMsrs([[0x10, 0n]]), "SET_MSRS"],
  events: [(vcpu) => vcpu.events(), "GET_VCPU_EVENTS"],
  setEvents: [(vcpu) => vcpu.setEvents({}), "SET_VCPU_EVENTS"],
  mpState: [(vcpu) => vcpu.mpState(), "GET_MP_STATE"],
  setMpState: [(vcpu) => vcpu.setMpState("RUNNABLE"), "SET_MP_STATE"],
  debugRegs: [(vcpu) => vcpu.debugRegs(), "GET_DEBUGREGS"],
  setDebugRegs: [(vcpu) => vcpu.setDebugRegs({}), "SET_DEBUGREGS"],
  lapic: [(vcpu) => vcpu.lapic(), "GET_LAPIC"],
  setLapic: [(vcpu) => vcpu.setLapic(new Uint8Array(1024)), "SET_LAPIC"],
  setSingleStep: [(vcpu) => vcpu.setSingleStep(true), "SET_GUEST_DEBUG"],
  setGuestDebug: [(vcpu) => vcpu.setGuestDebug(0), "SET_GUEST_DEBUG"],
  interrupt: [(vcpu) => vcpu.interrupt(32), "INTERRUPT"],
  nmi: [(vcpu) => vcpu.nmi(), "NMI"],
  enableCap: [(vcpu) => vcpu.enableCap("HYPERV_SYNIC"), "ENABLE_CAP"],
  stats: [(vcpu) => vcpu.stats(), "GET_STATS_FD"],
};

const SYNC_CALLS: Calls<SyncRegs> = {
  request: [(sync) => sync.request(["regs"]), null],
  requestAlso: [(sync) => sync.requestAlso("regs"), null],
  general: [(sync) => sync.general("rsi"), null],
  regs: [(sync) => sync.regs, null],
  sregs: [(sync) => sync.sregs, null],
  events: [(sync) => sync.events, null],
  write: [(sync) => sync.write({ regs: {} }), null],
};

const SLOT = { slot: 0, gpa: 0, size: PAGE_SIZE };

const MEMORY_CALLS: Calls<GuestMemory> = {
  add: [(memory) => memory.add(SLOT), "SET_USER_MEMORY_REGION"],
  replace: [(memory) => memory.replace(0, {}), null],
  remove: [(memory) => memory.remove(0), null],
  read: [(memory) => memory.read(0, 1), null],
  write: [(memory) => memory.write(0, new Uint8Array(1)), null],
  bytes: [(memory) => memory.bytes(0, 1), null],
  view: [(memory) => memory.view(0, 1), null],
};

const HOST_CALLS: Calls<HostMemory> = {
  address: [(memory) => memory.address, null],
  end: [(memory) => memory.end, null],
  bytes: [(memory) => memory.bytes, null],
};

/** What answers without the kernel and may be asked at any time. */
const STATE = new Set(["constructor", "close", "vcpus", "slots"]);

Deno.test("the tables name every method and getter", () => {
  const tables: [{ readonly prototype: object }, object][] = [
    [Kvm, KVM_CALLS],
    [Vm, VM_CALLS],
    [Vcpu, VCPU_CALLS],
    [SyncRegs, SYNC_CALLS],
    [GuestMemory, MEMORY_CALLS],
    [HostMemory, HOST_CALLS],
  ];
  for (const [{ prototype }, calls] of tables) {
    const names = Object.getOwnPropertyNames(prototype).filter((name) => !STATE.has(name));
    assertEquals(names.sort(), Object.keys(calls).sort());
  }
});

function refusesBadFd<T extends Disposable>(make: () => T, calls: Calls<T>): void {
  for (const [name, [call, ioctl]] of Object.entries(calls)) {
    if (ioctl === null) continue;
    using target = make();
    const error = assertThrows(() => call(target), KvmError);
    assertEquals([error.ioctl, error.errnoName], [IOCTL[ioctl].name, "EBADF"], name);
  }
}

Deno.test("Kvm, Vm and Vcpu name ioctl and errno for a descriptor that is none", () => {
  refusesBadFd(makeKvm, KVM_CALLS);
  refusesBadFd(makeVm, VM_CALLS);
  refusesBadFd(makeVcpu, VCPU_CALLS);
  using vm = makeVm();
  const error = assertThrows(() => vm.memory.add(SLOT), KvmError);
  assertEquals([error.ioctl, error.errnoName], ["KVM_SET_USER_MEMORY_REGION", "EBADF"]);
});

Deno.test("raw() gives back EBADF for every ioctl over a descriptor that is none", () => {
  const targets = { system: makeKvm(), vm: makeVm(), vcpu: makeVcpu() };
  for (const ioctl of Object.values(IOCTL)) {
    for (const kind of ioctl.on) {
      const argument = ioctl.size === 0 ? 0 : new Uint8Array(ioctl.size);
      assertEquals(targets[kind].raw(ioctl, argument), { result: -1, errno: 9 }, ioctl.name);
    }
  }
  for (const target of Object.values(targets)) target.close();
});

function throwsWhenClosed<T>(target: T, calls: Calls<T>): void {
  for (const [call] of Object.values(calls)) assertThrows(() => call(target), ClosedError);
}

Deno.test("Kvm, Vm and Vcpu throw ClosedError from every method after close()", () => {
  const [kvm, vm, vcpu] = [makeKvm(), makeVm(), makeVcpu()];
  for (const handle of [kvm, vm, vcpu]) {
    handle.close();
    handle.close();
    assert(handle.closed);
    assertThrows(() => handle.raw(IOCTL.CHECK_EXTENSION), ClosedError, "KVM_CHECK_EXTENSION");
    assertThrows(() => handle.raw(0xae00), ClosedError, "Cannot call ioctl 0xae00");
  }
  throwsWhenClosed(kvm, KVM_CALLS);
  throwsWhenClosed(vm, VM_CALLS);
  throwsWhenClosed(vcpu, VCPU_CALLS);
});

Deno.test("SyncRegs, GuestMemory and HostMemory throw ClosedError after close()", () => {
  const [vm, vcpu, host] = [makeVm(), makeVcpu(), HostMemory.allocate(1)];
  for (const handle of [vm, vcpu, host]) handle.close();
  throwsWhenClosed(vcpu.syncRegs, SYNC_CALLS);
  throwsWhenClosed(vm.memory, MEMORY_CALLS);
  throwsWhenClosed(host, HOST_CALLS);
  assertEquals([vm.vcpus, vm.memory.slots], [[], []]);
});

Deno.test("Kvm does not answer from what it knows after close()", () => {
  const kvm = makeKvm();
  kvm.close();
  assertThrows(() => kvm.vcpuMmapSize, ClosedError, "the KVM device is closed");
});

Deno.test("close() leaves a descriptor alone that has taken the number since", () => {
  const vm = new Vm(openFd("/dev/null", 0), PAGE_SIZE, []);
  const { fd } = vm;
  vm.close();
  const taken: number[] = [];
  while (taken.length < 100 && taken.at(-1) !== fd) taken.push(openFd("/dev/zero", 0));
  try {
    assertStrictEquals(taken.at(-1), fd);
    vm.close();
    assertThrows(() => vm.raw(0xae03), ClosedError);
    assertEquals(readLink(`/proc/self/fd/${fd}`), "/dev/zero");
  } finally {
    taken.forEach(closeFd);
  }
});

Deno.test("takeOver() closes the descriptor when its region cannot be mapped", () => {
  const fd = openFd("/proc/self/status", 0);
  assertThrows(() => Vcpu.takeOver(fd, 0, 3 * PAGE_SIZE), Error, "mmap failed");
  assertEquals(readLink(`/proc/self/fd/${fd}`), undefined);
});
