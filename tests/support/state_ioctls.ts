/**
 * State of a vCPU and of its VM that user space reads by one ioctl and puts back
 * by another (api.rst section 4), for which the binding has no call of its own.
 *
 * @module
 */
import type { Vcpu, Vm } from "@trapline/trapline";
import { assertAccepted } from "./raw_filter.ts";

/** How the two ioctls are encoded. */
interface State {
  /** Which descriptor takes them. */
  readonly on: "vcpu" | "vm";
  readonly get: number;
  readonly set: number;
  /** Bytes of the structure. */
  readonly size: number;
  /** Bytes of it that go back as they were read, when not all; the rest are flags and padding. */
  readonly kept?: number;
}

const STATES: Readonly<Record<string, State>> = {
  KVM_SET_CLOCK: { on: "vm", get: 0x8030_ae7c, set: 0x4030_ae7b, size: 48, kept: 8 },
  // The first controller, which the zero in its structure names.
  KVM_SET_IRQCHIP: { on: "vm", get: 0xc208_ae62, set: 0x8208_ae63, size: 520 },
  KVM_SET_FPU: { on: "vcpu", get: 0x81a0_ae8c, set: 0x41a0_ae8d, size: 416 },
  KVM_SET_XSAVE: { on: "vcpu", get: 0x9000_aea4, set: 0x5000_aea5, size: 4096 },
  KVM_SET_XCRS: { on: "vcpu", get: 0x8188_aea6, set: 0x4188_aea7, size: 392 },
};

const GET_TSC_KHZ = 0xaea3;
const SET_TSC_KHZ = 0xaea2;

function putBack(name: string, { on, get, set, size, kept = size }: State) {
  return (vcpu: Vcpu, vm: Vm): void => {
    const bytes = new Uint8Array(size);
    const target = on === "vm" ? vm : vcpu;
    // Not every KVM has each of them.
    if (target.raw(get, bytes).result === -1) return;
    assertAccepted(target.raw(set, bytes.fill(0, kept)), `${name} of what was read`);
  };
}

/** Calls that put back what was just read, by name. */
export const STATE_CHANGES: Readonly<Record<string, (vcpu: Vcpu, vm: Vm) => void>> = {
  ...Object.fromEntries(
    Object.entries(STATES).map(([name, state]) => [name, putBack(name, state)]),
  ),
  KVM_SET_TSC_KHZ: (vcpu) => {
    const { result } = vcpu.raw(GET_TSC_KHZ);
    if (result !== -1) assertAccepted(vcpu.raw(SET_TSC_KHZ, result), "KVM_SET_TSC_KHZ");
  },
};
