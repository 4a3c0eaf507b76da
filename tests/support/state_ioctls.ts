/**
 * State of a vCPU and of its VM that user space reads by one ioctl and puts back
 * by another (api.rst section 4), for which the binding has no call of its own.
 *
 * @module
 */
import type { CapName, IoctlArgument, Vcpu, Vm } from "@trapline/trapline";
import { assertAccepted } from "./raw_filter.ts";

/** A structure with state, and how the two ioctls for it are encoded. */
interface State {
  /** Which descriptor takes them. */
  readonly on: "vcpu" | "vm";
  /** The capability with which KVM must take them; every KVM must without one. */
  readonly cap?: CapName;
  readonly get: number;
  readonly set: number;
  /** Bytes of the structure. */
  readonly size: number;
  /** Bytes of it that go back as they were read, when not all; the rest are flags and padding. */
  readonly kept?: number;
}

const STATES: Readonly<Record<string, State>> = {
  KVM_SET_CLOCK: {
    on: "vm",
    cap: "ADJUST_CLOCK",
    get: 0x8030_ae7c,
    set: 0x4030_ae7b,
    size: 48,
    kept: 8,
  },
  // The first controller, which the zero in its structure names.
  KVM_SET_IRQCHIP: { on: "vm", cap: "IRQCHIP", get: 0xc208_ae62, set: 0x8208_ae63, size: 520 },
  KVM_SET_FPU: { on: "vcpu", get: 0x81a0_ae8c, set: 0x41a0_ae8d, size: 416 },
  KVM_SET_XSAVE: { on: "vcpu", cap: "XSAVE", get: 0x9000_aea4, set: 0x5000_aea5, size: 4096 },
  KVM_SET_XCRS: { on: "vcpu", cap: "XCRS", get: 0x8188_aea6, set: 0x4188_aea7, size: 392 },
};

const GET_TSC_KHZ = 0xaea3;
const SET_TSC_KHZ = 0xaea2;

/** A call that changes a vCPU or its VM. */
type Change = (vcpu: Vcpu, vm: Vm) => void;

/** Calls an ioctl and gives what it returned; it may be refused only when it is not `required`. */
function call(
  target: Vcpu | Vm,
  request: number,
  argument: IoctlArgument,
  required: boolean,
): number {
  const { result, errno } = target.raw(request, argument);
  // Some return a number when all is well.
  if (required) {
    assertAccepted({ result: Math.min(result, 0), errno }, `ioctl 0x${request.toString(16)}`);
  }
  return result;
}

function putBack({ on, cap, get, set, size, kept = size }: State): Change {
  return (vcpu, vm) => {
    const required = cap === undefined || vm.checkExtension(cap) !== 0;
    const bytes = new Uint8Array(size);
    const target = on === "vm" ? vm : vcpu;
    call(target, get, bytes, required);
    call(target, set, bytes.fill(0, kept), required);
  };
}

/** Calls that put back what was just read, by name; one that KVM refuses changes nothing. */
export const STATE_CHANGES: Readonly<Record<string, Change>> = {
  ...Object.fromEntries(Object.entries(STATES).map(([name, state]) => [name, putBack(state)])),
  KVM_SET_TSC_KHZ: (vcpu, vm) => {
    const khz = call(vcpu, GET_TSC_KHZ, 0, vm.checkExtension("GET_TSC_KHZ") !== 0);
    call(vcpu, SET_TSC_KHZ, Math.max(khz, 0), vm.checkExtension("TSC_CONTROL") !== 0);
  },
};
