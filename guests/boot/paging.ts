/**
 * The page tables of 64-bit mode: guest-virtual is guest-physical for the
 * first GiB, in pages of 2 MiB that ring 3 may use too.
 *
 * @module
 */
import type { GuestMemory } from "../../kvm/guest_memory.ts";
import { LAYOUT } from "../protocol.ts";

const PRESENT_WRITE_USER = 0b111n;
const LARGE = 1n << 7n;

const DIRECTORY = BigUint64Array.from(
  { length: 512 },
  (_, i) => BigInt(i) << 21n | LARGE | PRESENT_WRITE_USER,
);

/** Writes the page tables of the window at `base`; CR3 is `base + LAYOUT.pml4`. */
export function writePageTables(memory: GuestMemory, base: number): void {
  const entry = (address: number): bigint => BigInt(address) | PRESENT_WRITE_USER;
  memory.view(base + LAYOUT.pml4, 8).setBigUint64(0, entry(base + LAYOUT.pdpt), true);
  memory.view(base + LAYOUT.pdpt, 8).setBigUint64(0, entry(base + LAYOUT.pd), true);
  memory.write(base + LAYOUT.pd, new Uint8Array(DIRECTORY.buffer));
}
