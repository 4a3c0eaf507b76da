/**
 * The lists of MSRs that VM entries and VM exits load and store (SDM volume 3,
 * sections 25.7.2 and 25.8.2).
 *
 * @module
 */
import type { GuestMemory } from "../../kvm/guest_memory.ts";
import type { MsrValue } from "../../kvm/msrs.ts";
import type { VmcsField } from "./vmcs.ts";

/** The name of a list. */
export type MsrListName = "entryLoad" | "exitStore" | "exitLoad";

/** The lists, with the VMCS fields that hold address and count of each. */
export const MSR_LISTS = {
  /** Loaded at VM entry, after the guest state. */
  entryLoad: { address: "VM_ENTRY_MSR_LOAD_ADDRESS", count: "VM_ENTRY_MSR_LOAD_COUNT" },
  /** Stored at VM exit: L2's values. */
  exitStore: { address: "VM_EXIT_MSR_STORE_ADDRESS", count: "VM_EXIT_MSR_STORE_COUNT" },
  /** Loaded at VM exit: L1's values. */
  exitLoad: { address: "VM_EXIT_MSR_LOAD_ADDRESS", count: "VM_EXIT_MSR_LOAD_COUNT" },
} as const satisfies Readonly<Record<MsrListName, { address: VmcsField; count: VmcsField }>>;

/** Bytes of an entry: u32 index, 4 reserved, u64 value. */
export const MSR_ENTRY_SIZE = 16;

const CAPACITY = 0x1000 / MSR_ENTRY_SIZE;

/**
 * Writes a list of `entries` at `gpa`.
 *
 * @throws {RangeError} When they do not fit on a page.
 */
export function writeMsrList(
  memory: GuestMemory,
  gpa: number,
  entries: readonly MsrValue[],
): void {
  if (entries.length > CAPACITY) {
    throw new RangeError(`Cannot list ${entries.length} MSRs: the page holds ${CAPACITY}`);
  }
  const view = memory.view(gpa, entries.length * MSR_ENTRY_SIZE);
  entries.forEach(([index, value], i) => {
    view.setUint32(i * MSR_ENTRY_SIZE, index, true);
    view.setUint32(i * MSR_ENTRY_SIZE + 4, 0, true);
    view.setBigUint64(i * MSR_ENTRY_SIZE + 8, value, true);
  });
}

/** Reads `count` entries of a list. */
export function readMsrList(view: DataView, count: number): MsrValue[] {
  return Array.from({ length: count }, (_, i): MsrValue => [
    view.getUint32(i * MSR_ENTRY_SIZE, true),
    view.getBigUint64(i * MSR_ENTRY_SIZE + 8, true),
  ]);
}
