/**
 * CPUID tables as `KVM_GET_SUPPORTED_CPUID` and `KVM_SET_CPUID2` exchange them.
 *
 * @module
 */
import { type CpuidEntry, KVM_CPUID2, KVM_CPUID_ENTRY2 } from "./abi/lists.ts";

export type { CpuidEntry } from "./abi/lists.ts";

/** Room for the entries of any CPU; KVM itself stops at 256 (`KVM_MAX_CPUID_ENTRIES`). */
export const MAX_CPUID_ENTRIES = 256;

/** A `struct kvm_cpuid2` with room for `capacity` entries. */
export function cpuidBuffer(capacity: number): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(KVM_CPUID2.size + capacity * KVM_CPUID_ENTRY2.size);
  KVM_CPUID2.write(new DataView(buffer.buffer), { nent: capacity });
  return buffer;
}

const encoded = new WeakMap<readonly CpuidEntry[], Uint8Array<ArrayBuffer>>();

/** Freezes `entries`, which {@linkcode encodeCpuid} then encodes once: every guest is given them. */
export function freezeCpuid(entries: readonly CpuidEntry[]): readonly CpuidEntry[] {
  for (const entry of entries) Object.freeze(entry);
  encoded.set(entries, encodeCpuid(entries));
  return Object.freeze(entries);
}

/** `entries` as a `struct kvm_cpuid2`. */
export function encodeCpuid(entries: readonly CpuidEntry[]): Uint8Array<ArrayBuffer> {
  const known = encoded.get(entries);
  if (known !== undefined) return known;
  const buffer = cpuidBuffer(entries.length);
  const view = new DataView(buffer.buffer);
  entries.forEach((entry, i) =>
    KVM_CPUID_ENTRY2.write(view, entry, KVM_CPUID2.size + i * KVM_CPUID_ENTRY2.size)
  );
  return buffer;
}

/** The entries of a `struct kvm_cpuid2`. */
export function decodeCpuid(buffer: Uint8Array<ArrayBuffer>): CpuidEntry[] {
  const view = new DataView(buffer.buffer);
  const { nent } = KVM_CPUID2.read(view);
  return Array.from(
    { length: nent },
    (_, i) => KVM_CPUID_ENTRY2.read(view, KVM_CPUID2.size + i * KVM_CPUID_ENTRY2.size),
  );
}
