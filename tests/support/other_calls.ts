/**
 * What user space may call on a vCPU and its VM beside running and filtering
 * it. Each call leaves registers, MSRs and events as they are, and whether KVM
 * takes it or not, it is nothing to the filter, its mask or an open MSR exit.
 *
 * Source: api.rst section 4; the numbers are those of `linux/kvm.h`.
 *
 * @module
 */
import { assert } from "@std/assert";
import {
  CAP,
  type CapName,
  encodeRawEnableCap,
  type ErrnoName,
  errnoName,
  IOCTL,
  type Ioctl,
  type IoctlArgument,
  type Vcpu,
  type Vm,
} from "@trapline/trapline";
import { Watchdog } from "../../kvm/sys/watchdog.ts";
import { KNOWN_MSRS } from "./msr_probes.ts";
import { assertAccepted } from "./raw_filter.ts";

/** A call, or a few that belong together. */
export type OtherCall = (vcpu: Vcpu, vm: Vm) => void;

/**
 * When KVM must take a call: always, where the VM has interrupt controllers or KVM the capability;
 * or whenever it does not refuse it with one of these errors.
 */
type Required = "always" | "irqchip" | CapName | readonly ErrnoName[];

/** State that is read by one ioctl and put back by another. */
interface State {
  /** Which descriptor takes them. */
  readonly on: "vcpu" | "vm";
  readonly required: Required;
  readonly get: number;
  readonly set: number;
  /** Bytes of it that go back as they were read, when not all; the rest are flags and padding. */
  readonly kept?: number;
}

/** A call with an argument of user space's own. */
interface Call {
  /** Which descriptor takes it. */
  readonly on: "vcpu" | "vm";
  readonly required: Required;
  readonly request: number;
  /** A number, or the structure in 32-bit words, of which those that are left out are 0. */
  readonly argument: number | readonly number[];
}

const STATES: Readonly<Record<string, State>> = {
  KVM_SET_FPU: { on: "vcpu", required: "always", get: 0x81a0_ae8c, set: 0x41a0_ae8d },
  KVM_SET_XSAVE: { on: "vcpu", required: "XSAVE", get: 0x9000_aea4, set: 0x5000_aea5 },
  KVM_SET_XCRS: { on: "vcpu", required: "XCRS", get: 0x8188_aea6, set: 0x4188_aea7 },
  KVM_SET_SREGS2: { on: "vcpu", required: "SREGS2", get: 0x8140_aecc, set: 0x4140_aecd },
  KVM_SET_LAPIC: { on: "vcpu", required: "irqchip", get: 0x8400_ae8e, set: 0x4400_ae8f },
  KVM_SET_PIT2: { on: "vm", required: "irqchip", get: 0x8070_ae9f, set: 0x4070_aea0 },
  // The first controller, which the zero in its structure names.
  KVM_SET_IRQCHIP: { on: "vm", required: "irqchip", get: 0xc208_ae62, set: 0x8208_ae63 },
  KVM_SET_CLOCK: {
    on: "vm",
    required: "ADJUST_CLOCK",
    get: 0x8030_ae7c,
    set: 0x4030_ae7b,
    kept: 8,
  },
};

const NO_FD = 0xffff_ffff;
/** Below the 3 pages at the top of 4 GiB that nothing else uses. */
const TSS = 0xfffb_d000;
/** Where no memory is. */
const NOWHERE = 0x5000_0000;
/** The message address of an APIC that no vCPU has. */
const NO_APIC = 0xfeef_e000;

const CALLS: Readonly<Record<string, Call>> = {
  KVM_TRANSLATE: { on: "vcpu", required: "always", request: 0xc018_ae85, argument: [] },
  // 32 banks are what a vCPU has to begin with.
  KVM_X86_SETUP_MCE: { on: "vcpu", required: "MCE", request: 0x4008_ae9c, argument: [32] },
  KVM_TPR_ACCESS_REPORTING: { on: "vcpu", required: "always", request: 0xc028_ae92, argument: [] },
  KVM_KVMCLOCK_CTRL: { on: "vcpu", required: ["EINVAL"], request: 0xaead, argument: 0 },
  KVM_CHECK_EXTENSION: {
    on: "vm",
    required: "always",
    request: IOCTL.CHECK_EXTENSION.request,
    argument: CAP.X86_MSR_FILTER,
  },
  KVM_SET_TSS_ADDR: { on: "vm", required: "always", request: 0xae47, argument: TSS },
  KVM_SET_IDENTITY_MAP_ADDR: { on: "vm", required: ["EINVAL"], request: 0x4008_ae48, argument: [] },
  KVM_SET_BOOT_CPU_ID: { on: "vm", required: ["EBUSY"], request: 0xae78, argument: 0 },
  KVM_SET_NR_MMU_PAGES: { on: "vm", required: "always", request: 0xae44, argument: 100_000 },
  KVM_GET_DIRTY_LOG: { on: "vm", required: ["ENOENT"], request: 0x4010_ae42, argument: [] },
  KVM_REGISTER_COALESCED_MMIO: {
    on: "vm",
    required: "COALESCED_MMIO",
    request: 0x4010_ae67,
    argument: [NOWHERE, 0, 8],
  },
  KVM_UNREGISTER_COALESCED_MMIO: {
    on: "vm",
    required: "COALESCED_MMIO",
    request: 0x4010_ae68,
    argument: [NOWHERE, 0, 8],
  },
  KVM_CREATE_PIT2: { on: "vm", required: ["ENOENT", "EEXIST"], request: 0x4040_ae77, argument: [] },
  KVM_SET_GSI_ROUTING: { on: "vm", required: "irqchip", request: 0x4008_ae6a, argument: [] },
  KVM_SIGNAL_MSI: { on: "vm", required: "irqchip", request: 0x4020_aea5, argument: [NO_APIC] },
  KVM_IRQFD: { on: "vm", required: ["EBADF", "EINVAL"], request: 0x4020_ae76, argument: [NO_FD] },
  KVM_IOEVENTFD: {
    on: "vm",
    required: ["EBADF"],
    request: 0x4040_ae79,
    argument: [0, 0, NOWHERE, 0, 8, NO_FD],
  },
  // No events, all others allowed.
  KVM_SET_PMU_EVENT_FILTER: {
    on: "vm",
    required: "PMU_EVENT_FILTER",
    request: 0x4020_aeb2,
    argument: [1],
  },
  KVM_XEN_HVM_CONFIG: { on: "vm", required: "XEN_HVM", request: 0x4038_ae7a, argument: [] },
  // A test whether devices of type 4 (VFIO) can be made.
  KVM_CREATE_DEVICE: { on: "vm", required: ["ENODEV"], request: 0xc00c_aee0, argument: [4, 0, 1] },
};

/** Other capabilities, with the argument that changes nothing. */
const CAPS: Readonly<Record<string, readonly [on: "vcpu" | "vm", argument: bigint]>> = {
  EXCEPTION_PAYLOAD: ["vm", 0n],
  MSR_PLATFORM_INFO: ["vm", 1n],
  EXIT_HYPERCALL: ["vm", 0n],
  EXIT_ON_EMULATION_FAILURE: ["vm", 0n],
  DISABLE_QUIRKS: ["vm", 0n],
  X2APIC_API: ["vm", 0n],
  X86_DISABLE_EXITS: ["vm", 0n],
  X86_BUS_LOCK_EXIT: ["vm", 1n],
  MANUAL_DIRTY_LOG_PROTECT2: ["vm", 0n],
  ENFORCE_PV_FEATURE_CPUID: ["vcpu", 0n],
};

/** Bytes of the structure that the number of an ioctl names. */
function sizeOf(request: number): number {
  return request >>> 16 & 0x3fff;
}

/** Whether the VM has interrupt controllers: KVM_IRQ_LINE is for those, and the line is low. */
function hasIrqchip(vm: Vm): boolean {
  return vm.raw(IOCTL.IRQ_LINE, new Uint8Array(8)).result === 0;
}

function isRequired(required: "always" | "irqchip" | CapName, vm: Vm): boolean {
  if (required === "irqchip") return hasIrqchip(vm);
  return required === "always" || vm.checkExtension(required) !== 0;
}

/** Calls an ioctl, which must be taken when it is required. */
function call(
  vcpu: Vcpu,
  vm: Vm,
  { on, required }: Pick<Call, "on" | "required">,
  request: number,
  argument: IoctlArgument,
): number {
  const { result, errno } = (on === "vm" ? vm : vcpu).raw(request, argument);
  // Some return a number when all is well.
  const answer = { result: Math.min(result, 0), errno };
  const what = `ioctl 0x${request.toString(16)}`;
  if (typeof required === "string") {
    if (isRequired(required, vm)) assertAccepted(answer, what);
  } else if (result < 0) {
    const allowed = required.includes(errnoName(errno) as ErrnoName);
    assert(allowed, `${what} fails with ${errnoName(errno)}, not with ${required.join(" or ")}`);
  }
  return result;
}

function putBack(state: State): OtherCall {
  return (vcpu, vm) => {
    const { get, set, kept } = state;
    const bytes = new Uint8Array(sizeOf(get));
    call(vcpu, vm, state, get, bytes);
    call(vcpu, vm, state, set, kept === undefined ? bytes : bytes.fill(0, kept));
  };
}

function made({ argument, ...how }: Call): OtherCall {
  return (vcpu, vm) => {
    if (typeof argument === "number") return void call(vcpu, vm, how, how.request, argument);
    const words = new Uint32Array(sizeOf(how.request) / 4);
    words.set(argument);
    call(vcpu, vm, how, how.request, new Uint8Array(words.buffer));
  };
}

function enabled(name: string): OtherCall {
  const [on, argument] = CAPS[name]!;
  return (vcpu, vm) => {
    const bytes = encodeRawEnableCap({ cap: CAP[name as CapName], args: [argument] });
    call(vcpu, vm, { on, required: ["EINVAL"] }, IOCTL.ENABLE_CAP.request, bytes);
  };
}

const GET_TSC_KHZ = 0xaea3;
const SET_TSC_KHZ = 0xaea2;
const GET_NESTED_STATE = 0xc080_aebe;
const SET_NESTED_STATE = 0x4080_aebf;

/** Has an event come, and takes it away before the vCPU is entered. */
function takenBack(
  { request }: Ioctl,
  required: Required,
  argument: IoctlArgument,
  event: "nmi.pending" | "smi.pending" | "interrupt.injected",
): OtherCall {
  return (vcpu, vm) => {
    call(vcpu, vm, { on: "vcpu", required }, request, argument);
    vcpu.setEvents({ ...vcpu.events(), [event]: 0 });
  };
}

/** Calls that the binding has, or that take more than a table says. */
const OTHERS: Readonly<Record<string, OtherCall>> = {
  KVM_SET_REGS: (vcpu) => vcpu.setRegs(vcpu.regs()),
  KVM_SET_SREGS: (vcpu) => vcpu.setSregs(vcpu.sregs()),
  KVM_SET_MSRS: (vcpu) => vcpu.setMsrs(KNOWN_MSRS.map(({ index }) => [index, vcpu.getMsr(index)])),
  KVM_SET_VCPU_EVENTS: (vcpu) => vcpu.setEvents(vcpu.events()),
  KVM_SET_DEBUGREGS: (vcpu) => vcpu.setDebugRegs(vcpu.debugRegs()),
  KVM_SET_MP_STATE: (vcpu) => vcpu.setMpState(vcpu.mpState()),
  "KVM_NMI, taken back": takenBack(IOCTL.NMI, "always", 0, "nmi.pending"),
  "KVM_SMI, taken back": takenBack(IOCTL.SMI, "X86_SMM", 0, "smi.pending"),
  "KVM_INTERRUPT, taken back": takenBack(
    IOCTL.INTERRUPT,
    // Where the interrupt controllers are in the kernel, they alone bring interrupts.
    ["ENXIO"],
    new Uint8Array([0x40, 0, 0, 0]),
    "interrupt.injected",
  ),
  "KVM_SET_GUEST_DEBUG off": (vcpu) => vcpu.setSingleStep(false),
  // Some kernels refuse it once the vCPU has run.
  KVM_SET_CPUID2: (vcpu, vm) => {
    const bytes = new Uint8Array(8 + 40 * 256);
    new DataView(bytes.buffer).setUint32(0, 256, true);
    call(vcpu, vm, { on: "vcpu", required: "always" }, IOCTL.GET_CPUID2.request, bytes);
    call(vcpu, vm, { on: "vcpu", required: ["EINVAL"] }, IOCTL.SET_CPUID2.request, bytes);
  },
  KVM_SET_SIGNAL_MASK: (vcpu) => {
    const mask = Watchdog.ofThisThread().runMask;
    assertAccepted(vcpu.raw(IOCTL.SET_SIGNAL_MASK, mask), "KVM_SET_SIGNAL_MASK");
  },
  KVM_SET_TSC_KHZ: (vcpu, vm) => {
    const on = "vcpu";
    const khz = call(vcpu, vm, { on, required: "GET_TSC_KHZ" }, GET_TSC_KHZ, 0);
    call(vcpu, vm, { on, required: "TSC_CONTROL" }, SET_TSC_KHZ, Math.max(khz, 0));
  },
  KVM_SET_NESTED_STATE: (vcpu, vm) => {
    const how = { on: "vcpu", required: "NESTED_STATE" } as const;
    const bytes = new Uint8Array(Math.max(vm.checkExtension("NESTED_STATE"), 128));
    new DataView(bytes.buffer).setUint32(4, bytes.length, true);
    call(vcpu, vm, how, GET_NESTED_STATE, bytes);
    call(vcpu, vm, how, SET_NESTED_STATE, bytes);
  },
};

function mapped<T>(
  table: Readonly<Record<string, T>>,
  make: (entry: T) => OtherCall,
): Record<string, OtherCall> {
  return Object.fromEntries(Object.entries(table).map(([name, entry]) => [name, make(entry)]));
}

/** The calls, by name. */
export const OTHER_CALLS: Readonly<Record<string, OtherCall>> = {
  ...OTHERS,
  ...mapped(CALLS, made),
  // After the calls that make devices.
  ...mapped(STATES, putBack),
  ...Object.fromEntries(
    Object.keys(CAPS).map((name) => [`KVM_ENABLE_CAP of KVM_CAP_${name}`, enabled(name)]),
  ),
};
