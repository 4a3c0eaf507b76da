/**
 * Which calls of Trapline a kernel without memory, or without room for another
 * descriptor, can refuse. Each is refused on a descriptor of its own number, so
 * that one process can go through all of them.
 *
 * Run as a program, under {@linkcode runRefused} with {@linkcode REFUSALS}, it
 * makes each of these calls and prints what came of it as JSON.
 *
 * @module
 */
import {
  asm64,
  ERRNO,
  guest,
  IOCTL,
  type IoctlName,
  Kvm,
  KvmError,
  MsrFilter,
  Session,
  SystemError,
  takeCensus,
  type Vcpu,
  type Vm,
} from "@trapline/trapline";
import { CALL } from "./native_program.ts";
import type { Refusal } from "./refusing_kernel.ts";

/** A way that refuses, and what is told of it. */
export interface Outcome {
  /** The call, such as `KVM_CREATE_VM`. */
  readonly call: string;
  readonly errno: string;
  /** What was thrown: class, call, errno and message. */
  readonly thrown: readonly [kind: string, call: string, errno: string, message: string];
  /** Whether descriptors, mappings, slots and vCPUs were as before, afterwards. */
  readonly isClean: boolean;
}

/** Makes a call whose descriptor `place` gives its number; what it opened stays with `vm`. */
type Attempt = (place: <T>(make: () => T) => T, vm: Vm) => void;

const onKvm = (call: (kvm: Kvm) => unknown): Attempt => (place) => {
  using kvm = place(() => Kvm.open());
  call(kvm);
};

const onVm = (call: (vm: Vm) => unknown): Attempt => (place) => {
  using kvm = Kvm.open();
  using vm = place(() => kvm.createVm());
  call(vm);
};

const onVcpu = (call: (vcpu: Vcpu, vm: Vm) => unknown): Attempt => (place) => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  call(place(() => vm.createVcpu()), vm);
};

const onSession: Attempt = (place, vm) => {
  place(() => Session.boot(vm, asm64`jmp finish`)).finish();
};

const SLOT = { slot: 0, gpa: 0, size: 0x10000 };

// A filter of the most ranges, each with the longest bitmap that the kernel takes.
const FULL_FILTER = new MsrFilter({
  default: "allow",
  ranges: Array.from({ length: 16 }, (_, i) => ({
    base: i * 0x1_0000,
    count: 8 * 0x600,
    deny: "read-write" as const,
  })),
});

const onIoctl: Readonly<Partial<Record<IoctlName, readonly Attempt[]>>> = {
  CREATE_VM: [onKvm((kvm) => kvm.createVm())],
  GET_VCPU_MMAP_SIZE: [onKvm((kvm) => kvm.createVm())],
  GET_SUPPORTED_CPUID: [onKvm((kvm) => kvm.createVm())],
  GET_EMULATED_CPUID: [onKvm((kvm) => kvm.emulatedCpuid())],
  GET_MSR_INDEX_LIST: [onKvm((kvm) => kvm.msrIndexList())],
  GET_MSR_FEATURE_INDEX_LIST: [onKvm((kvm) => kvm.msrFeatureIndexList())],
  CREATE_VCPU: [onVm((vm) => vm.createVcpu()), onVm((vm) => Session.boot(vm, guest.rdmsr(0x10)))],
  SET_USER_MEMORY_REGION: [onVm((vm) => vm.memory.add(SLOT))],
  X86_SET_MSR_FILTER: [onVm((vm) => vm.setMsrFilter(FULL_FILTER))],
  ENABLE_CAP: [onVm((vm) => vm.enableUserSpaceMsr(["filter"]))],
  CREATE_IRQCHIP: [onVm((vm) => vm.createIrqchip())],
  CREATE_PIT2: [onVm((vm) => (vm.createIrqchip(), vm.createPit()))],
  GET_STATS_FD: [onVm((vm) => vm.stats()), onVcpu((vcpu) => vcpu.stats())],
  SET_TSS_ADDR: [onVm((vm) => vm.setTssAddress(0xfffb_d000))],
  SET_IDENTITY_MAP_ADDR: [onVm((vm) => vm.setIdentityMapAddress(0xfffb_c000))],
  SET_CPUID2: [onVcpu((vcpu, vm) => vcpu.setCpuid(vm.supportedCpuid)), onSession],
  GET_CPUID2: [onVcpu((vcpu) => vcpu.cpuid())],
  GET_MSRS: [onVcpu((vcpu) => vcpu.getMsr(0x174))],
  SET_MSRS: [onVcpu((vcpu) => vcpu.setMsrs([[0x174, 0n]]))],
  GET_SREGS: [onSession],
  SET_SREGS: [onSession],
  SET_REGS: [onSession],
  SET_SIGNAL_MASK: [onVcpu((vcpu) => vcpu.run())],
  RUN: [onVcpu((vcpu) => vcpu.run())],
  CHECK_EXTENSION: [
    onKvm((kvm) => kvm.checkExtension("IRQCHIP")),
    onVm((vm) => vm.checkExtension("IRQCHIP")),
  ],
  IRQ_LINE: [onVm((vm) => vm.setIrqLine(1, true))],
  GET_REGS: [onVcpu((vcpu) => vcpu.regs())],
  INTERRUPT: [onVcpu((vcpu) => vcpu.interrupt(32))],
  GET_LAPIC: [onVcpu((vcpu) => vcpu.lapic())],
  SET_LAPIC: [onVcpu((vcpu) => vcpu.setLapic(new Uint8Array(1024)))],
  GET_MP_STATE: [onVcpu((vcpu) => vcpu.mpState())],
  SET_MP_STATE: [onVcpu((vcpu) => vcpu.setMpState("RUNNABLE"))],
  NMI: [onVcpu((vcpu) => vcpu.nmi())],
  SET_GUEST_DEBUG: [onVcpu((vcpu) => vcpu.setSingleStep(true))],
  GET_VCPU_EVENTS: [onVcpu((vcpu) => vcpu.events())],
  SET_VCPU_EVENTS: [onVcpu((vcpu) => vcpu.setEvents({}))],
  GET_DEBUGREGS: [onVcpu((vcpu) => vcpu.debugRegs())],
  SET_DEBUGREGS: [onVcpu((vcpu) => vcpu.setDebugRegs({}))],
};

const RAW = "no method makes it; raw() gives the errno to its caller";

/** The ioctls that are refused here, by name. */
export const COVERED: readonly string[] = Object.keys(onIoctl);

/** Those that are not, each with the reason. */
export const LEFT_OUT: Readonly<Partial<Record<IoctlName, string>>> = {
  GET_API_VERSION: "it takes nothing: what refuses it is no KVM, and Kvm.open() says that",
  XEN_HVM_CONFIG: RAW,
  SMI: RAW,
};

const MMAP = CALL[64].mmap;
const FTRUNCATE = 77;

/** The calls that are no ioctl, by name. */
const onOthers: Readonly<Record<string, readonly Attempt[]>> = {
  mmap: [
    (place, vm) => place(() => vm.memory.add(SLOT)),
    (place, vm) => void place(() => vm.createVcpu()),
    onSession,
  ],
  ftruncate: [(place, vm) => place(() => vm.memory.add(SLOT))],
};

const ERRNOS = ["ENOMEM", "EMFILE", "ENFILE"] as const;
const FIRST_FD = 100;

interface Case {
  readonly call: string;
  readonly errno: typeof ERRNOS[number];
  readonly fd: number;
  readonly attempts: readonly Attempt[];
  readonly refusal: Refusal;
}

function makeCases(): Case[] {
  const calls = [
    ...Object.entries(onIoctl).map(([name, attempts]) => {
      const { request, name: call } = IOCTL[name as IoctlName];
      return { call, attempts, number: CALL[64].ioctl, fdAt: 0, args: { 1: request } };
    }),
    { call: "mmap", attempts: onOthers.mmap!, number: MMAP, fdAt: 4, args: {} },
    { call: "ftruncate", attempts: onOthers.ftruncate!, number: FTRUNCATE, fdAt: 0, args: {} },
  ];
  return calls.flatMap(({ call, attempts, number, fdAt, args }, i) =>
    ERRNOS.map((errno, j) => {
      const fd = FIRST_FD + i * ERRNOS.length + j;
      const refusal = { call: number, args: { [fdAt]: fd, ...args }, errno: ERRNO[errno] };
      return { call, errno, fd, attempts, refusal };
    })
  );
}

const CASES = makeCases();

/** What the kernel is to refuse. */
export const REFUSALS: readonly Refusal[] = CASES.map(({ refusal }) => refusal);

/** How many outcomes the program prints. */
export const COUNT: number = CASES.reduce((sum, { attempts }) => sum + attempts.length, 0);

/** Opens files until `fd` is the lowest number that is free, makes, and closes them. */
function placedAt<T>(fd: number, make: () => T): T {
  const taken = new Set([...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name)));
  const files: Deno.FsFile[] = [];
  try {
    for (let i = 0; i < fd; i++) if (!taken.has(i)) files.push(Deno.openSync("/dev/null"));
    // The directory's own descriptor was among those taken, and is free again.
    files.push(Deno.openSync("/dev/null"));
    return make();
  } finally {
    for (const file of files) file.close();
  }
}

function outcomeOf({ call, errno, fd }: Case, attempt: Attempt): Outcome {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  const before = JSON.stringify(takeCensus());
  let thrown: Outcome["thrown"] = ["nothing", "", "", ""];
  try {
    attempt((make) => placedAt(fd, make), vm);
  } catch (error) {
    if (error instanceof KvmError) {
      thrown = ["KvmError", error.ioctl, error.errnoName, error.message];
    } else if (error instanceof SystemError) {
      thrown = ["SystemError", error.call, error.errnoName, error.message];
    } else thrown = [String(error), "", "", ""];
  }
  const isClean = JSON.stringify(takeCensus()) === before && vm.memory.slots.length === 0;
  return { call, errno, thrown, isClean };
}

if (import.meta.main) {
  const outcomes = CASES.flatMap((each) =>
    each.attempts.map((attempt) => outcomeOf(each, attempt))
  );
  // After all of that a guest still runs.
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  Session.boot(vm, asm64`jmp finish`).finish();
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(outcomes)));
}
