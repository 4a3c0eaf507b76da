/**
 * The execution controls of VMX, and how a CPU says which of them it has (SDM
 * volume 3, section 25.6 to 25.8 and appendix A).
 *
 * @module
 */
import type { Vcpu } from "../../kvm/vcpu.ts";
import type { VmcsFields } from "./vmcs.ts";

const MSR = {
  VMX_BASIC: 0x480,
  PINBASED: 0x481,
  PROCBASED: 0x482,
  EXIT: 0x483,
  ENTRY: 0x484,
  TRUE_PINBASED: 0x48d,
  TRUE_PROCBASED: 0x48e,
  TRUE_EXIT: 0x48f,
  TRUE_ENTRY: 0x490,
} as const;

const PROCBASED = { USE_MSR_BITMAPS: 1 << 28 } as const;
const EXIT = {
  HOST_ADDRESS_SPACE_SIZE: 1 << 9,
  SAVE_IA32_PAT: 1 << 18,
  LOAD_IA32_PAT: 1 << 19,
  SAVE_IA32_EFER: 1 << 20,
  LOAD_IA32_EFER: 1 << 21,
} as const;
const ENTRY = {
  IA32E_MODE_GUEST: 1 << 9,
  LOAD_IA32_PAT: 1 << 14,
  LOAD_IA32_EFER: 1 << 15,
} as const;

/** What L1 reads of the capabilities of VMX. */
export interface VmxCapabilities {
  /** The revision that a VMCS region and the VMXON region start with. */
  readonly revision: number;
  /** The controls that L1 needs, with the bits that the CPU wants. */
  readonly controls: VmcsFields;
}

/** `wanted` with the bits that must be 1; throws when a wanted one must be 0. */
function adjust(name: string, wanted: number, capability: bigint): bigint {
  const mustBeOne = capability & 0xffff_ffffn;
  const mayBeOne = capability >> 32n;
  const bits = BigInt(wanted >>> 0);
  if ((bits & ~mayBeOne) !== 0n) {
    throw new Error(
      `Cannot boot a hypervisor: KVM does not offer ${name} controls 0x${
        (bits & ~mayBeOne).toString(16)
      }`,
    );
  }
  return bits | mustBeOne;
}

/**
 * What the CPU of `vcpu` offers, as the controls of an L1 that keeps EFER and
 * PAT of its own and uses MSR bitmaps.
 *
 * @throws {Error} When a control that this needs is not offered.
 */
export function vmxCapabilities(vcpu: Vcpu): VmxCapabilities {
  const basic = vcpu.getMsr(MSR.VMX_BASIC);
  const hasTrue = (basic >> 55n & 1n) === 1n;
  const indices = hasTrue
    ? [MSR.TRUE_PINBASED, MSR.TRUE_PROCBASED, MSR.TRUE_EXIT, MSR.TRUE_ENTRY]
    : [MSR.PINBASED, MSR.PROCBASED, MSR.EXIT, MSR.ENTRY];
  const [pin, proc, exit, entry] = vcpu.getMsrs(indices) as [bigint, bigint, bigint, bigint];
  const all = (bits: Readonly<Record<string, number>>): number =>
    Object.values(bits).reduce((sum, bit) => sum | bit, 0);
  return {
    revision: Number(basic & 0x7fff_ffffn),
    controls: {
      PIN_BASED_CONTROLS: adjust("pin-based", 0, pin),
      PRIMARY_CONTROLS: adjust("processor-based", all(PROCBASED), proc),
      PRIMARY_VM_EXIT_CONTROLS: adjust("VM-exit", all(EXIT), exit),
      VM_ENTRY_CONTROLS: adjust("VM-entry", all(ENTRY), entry),
    },
  };
}
