/**
 * MSRs of CPU features that KVM hands to the guest when it first uses them,
 * and which of them a guest here can use.
 *
 * @module
 */
import {
  type CpuidEntry,
  type Kvm,
  Msr,
  MsrRefusedError,
  type Session,
  type Vm,
} from "@trapline/trapline";
import { bootWalker, read, write } from "./assert_walk.ts";

/** A feature's MSR. */
interface FeatureMsr {
  /** The MSR index. */
  readonly index: number;
  /** Writing it is a command: nothing stays, and reading it is a #GP. */
  readonly isCommand: boolean;
  /** What the guest may write that is not 0, or 0 when the supported CPUID has nothing of it. */
  readonly value: (leaf: Leaf) => bigint;
}

/** A leaf of the supported CPUID, zeros where it has none. */
type Leaf = (
  number: number,
  index?: number,
) => Pick<CpuidEntry, "eax" | "ebx" | "ecx" | "edx">;

function bit(register: number, number: number): bigint {
  return BigInt(register >>> number & 1);
}

/** The feature's bit for Intel, or the one for AMD. */
function eitherBit(leaf: Leaf, intel: number, amd: number): bigint {
  return bit(leaf(7).edx, intel) | bit(leaf(0x8000_0008).ebx, amd);
}

const XSAVES = 3;
const XFD = 4;

/** The MSRs of all these features. */
export const FEATURE_MSRS: readonly FeatureMsr[] = [
  { index: Msr.IA32_PRED_CMD, isCommand: true, value: (leaf) => eitherBit(leaf, 26, 12) },
  { index: Msr.IA32_FLUSH_CMD, isCommand: true, value: (leaf) => bit(leaf(7).edx, 28) },
  {
    index: Msr.IA32_XSS,
    isCommand: false,
    value: (leaf) => bit(leaf(0xd, 1).eax, XSAVES) * BigInt(leaf(0xd, 1).ecx),
  },
  {
    // The tiles of AMX are the one state that a guest can be kept from.
    index: Msr.IA32_XFD,
    isCommand: false,
    value: (leaf) => (bit(leaf(0xd, 1).eax, XFD) & bit(leaf(0xd).eax, 18)) << 18n,
  },
  // Known to be broken by some kernels (D-30), and therefore the last.
  { index: Msr.IA32_SPEC_CTRL, isCommand: false, value: (leaf) => eitherBit(leaf, 26, 14) },
];

/** The MSRs that KVM hands over for a bit of the guest's CPUID, supported or not. */
const GIVEN: readonly number[] = [Msr.IA32_SPEC_CTRL, Msr.IA32_PRED_CMD];

/** `entries`, with the bits of both vendors for {@linkcode GIVEN}. */
function withGivenBits(entries: readonly CpuidEntry[]): CpuidEntry[] {
  return entries.map((entry) => {
    const { function: leaf, index, ebx, edx } = entry;
    if (leaf === 7 && index === 0) return { ...entry, edx: (edx | 3 << 26) >>> 0 };
    if (leaf === 0x8000_0008) return { ...entry, ebx: (ebx | 1 << 12 | 1 << 14) >>> 0 };
    return entry;
  });
}

/** A feature's MSR that a guest here has. */
export interface Offer extends Omit<FeatureMsr, "value"> {
  /** What the guest may write that is not 0. */
  readonly value: bigint;
  /** The guest's CPUID where it is not the supported one. */
  readonly cpuid?: readonly CpuidEntry[];
}

/** Gives `vm` a guest that has the MSR. */
export function bootFor(vm: Vm, { cpuid }: Pick<Offer, "cpuid">): Session {
  const session = bootWalker(vm);
  if (cpuid !== undefined) session.vcpu.setCpuid(cpuid);
  return session;
}

/** The guest writes the value of `offer`, and reads it unless it is a command, without a fault. */
function isUsable(kvm: Kvm, offer: Offer): boolean {
  using vm = kvm.createVm();
  const { index, isCommand, value } = offer;
  const accesses = isCommand ? [write(index, value)] : [write(index, value), read(index)];
  return bootFor(vm, offer).walk(accesses).every(({ fault }) => fault === undefined);
}

/** What of the features this KVM supports, or offers without saying so. */
export function offered(kvm: Kvm): Offer[] {
  const supported = kvm.supportedCpuid();
  const leaf: Leaf = (number, index = 0) =>
    supported.find((entry) => entry.function === number && entry.index === index) ??
      { eax: 0, ebx: 0, ecx: 0, edx: 0 };
  const cpuid = withGivenBits(supported);
  return FEATURE_MSRS.flatMap((msr) => {
    const value = msr.value(leaf);
    if (value !== 0n) return [{ ...msr, value }];
    const given = { ...msr, value: 1n, cpuid };
    return GIVEN.includes(msr.index) && isUsable(kvm, given) ? [given] : [];
  });
}

/** Whether the host may write a value that is not 0 to SPEC_CTRL. */
export function takesSpecCtrl(kvm: Kvm): boolean {
  using vm = kvm.createVm();
  try {
    bootWalker(vm).vcpu.setMsrs([[Msr.IA32_SPEC_CTRL, 1n]]);
    return true;
  } catch (error) {
    if (error instanceof MsrRefusedError) return false;
    throw error;
  }
}
