/**
 * Lists of MSRs as `KVM_GET_MSRS`, `KVM_SET_MSRS` and
 * `KVM_GET_MSR_INDEX_LIST` exchange them.
 *
 * @module
 */
import { KVM_MSR_ENTRY, KVM_MSR_LIST, KVM_MSRS } from "./abi/lists.ts";

/** An MSR index and the value that it has or is to have. */
export type MsrValue = readonly [index: number, value: bigint];

/** `entries` as a `struct kvm_msrs`. */
export function encodeMsrs(entries: readonly MsrValue[]): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(KVM_MSRS.size + entries.length * KVM_MSR_ENTRY.size);
  const view = new DataView(buffer.buffer);
  KVM_MSRS.write(view, { nmsrs: entries.length });
  entries.forEach(([index, data], i) =>
    KVM_MSR_ENTRY.write(view, { index, data }, KVM_MSRS.size + i * KVM_MSR_ENTRY.size)
  );
  return buffer;
}

/** The values in a `struct kvm_msrs`, in the order of its entries. */
export function decodeMsrs(buffer: Uint8Array<ArrayBuffer>): bigint[] {
  const view = new DataView(buffer.buffer);
  const { nmsrs } = KVM_MSRS.read(view);
  return Array.from(
    { length: nmsrs },
    (_, i) => KVM_MSR_ENTRY.fields.data.get(view, KVM_MSRS.size + i * KVM_MSR_ENTRY.size),
  );
}

/** A `struct kvm_msr_list` with room for `capacity` indices. */
export function msrListBuffer(capacity: number): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(KVM_MSR_LIST.size + 4 * capacity);
  KVM_MSR_LIST.write(new DataView(buffer.buffer), { nmsrs: capacity });
  return buffer;
}

/** The indices in a `struct kvm_msr_list`. */
export function decodeMsrList(buffer: Uint8Array<ArrayBuffer>): number[] {
  const { nmsrs } = KVM_MSR_LIST.read(new DataView(buffer.buffer));
  return [...new Uint32Array(buffer.buffer, KVM_MSR_LIST.size, nmsrs)];
}
