/**
 * Samples of the whole space of MSR indices.
 *
 * @module
 */
import { type Kvm, Msr, MsrRefusedError, type MsrValue, type Session } from "@trapline/trapline";
import { KNOWN_MSRS, type KnownMsr, UNKNOWN_MSRS } from "./msr_probes.ts";

/**
 * MSRs that every KVM knows: in both ranges of the hardware's bitmaps, and one
 * outside them (kvmclock, given even addresses, which leave it off).
 */
export const KNOWN_EVERYWHERE: readonly KnownMsr[] = [
  ...KNOWN_MSRS,
  { index: Msr.KVM_SYSTEM_TIME_NEW, values: [0x9000n, 0xa000n] },
];

/**
 * Indices that no KVM gives a meaning, or one that ignores a write of 0: the
 * ends of the hardware's bitmaps, the paravirtual and the AMD spaces.
 */
export const HARMLESS_MSRS: readonly number[] = [
  0x1,
  0x1fff,
  0x2000,
  0x3fff_ffff,
  0x4b56_4dff,
  0xbfff_ffff,
  0xc000_0000,
  0xc000_1fff,
  0xc000_2000,
  Msr.K7_HWCR,
  0xc001_1fff,
  ...UNKNOWN_MSRS,
];

/** Whether `index` is an x2APIC MSR, which a filter does not govern. */
export function isX2apic(index: number): boolean {
  return index >= 0x800 && index <= 0x8ff;
}

/** A wide sample: what KVM itself lists, what has a name here, and the ends of every space. */
export function msrSample(kvm: Kvm): readonly number[] {
  const sample = new Set([
    ...kvm.msrIndexList(),
    ...kvm.msrFeatureIndexList(),
    ...Object.values(Msr),
    ...HARMLESS_MSRS,
  ]);
  return [...sample].filter((index) => !isX2apic(index)).sort((a, b) => a - b);
}

/** The first or the second of the legal values of each MSR. */
export function legalValues(msrs: readonly KnownMsr[], which: 0 | 1): readonly MsrValue[] {
  return msrs.map(({ index, values }) => [index, values[which]]);
}

/** What the MSR holds, or 0 when the host cannot read it: a write of it changes nothing. */
export function presentValue(session: Session, index: number): bigint {
  try {
    return session.vcpu.getMsr(index);
  } catch (error) {
    if (error instanceof MsrRefusedError) return 0n;
    throw error;
  }
}
