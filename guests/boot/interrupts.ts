/**
 * Gates: the IDT of protected and 64-bit mode, the vector table of real mode.
 *
 * @module
 */
import { LAYOUT } from "../protocol.ts";
import { SELECTOR } from "./descriptors.ts";
import type { GuestMode } from "./mode.ts";
import { stubLabel, stubs } from "./stubs.ts";

// Present interrupt gates. DPL 3, so that ring 3 may reach any of them by INT n.
const GATE = 0xee00n;

/** Where the table of `mode` lies in its window, and how long it is, in bytes. */
export function gateTable(mode: GuestMode): { readonly offset: number; readonly size: number } {
  if (mode === "real") return { offset: LAYOUT.ivt, size: 256 * 4 };
  return { offset: LAYOUT.idt, size: 256 * (mode === "protected" ? 8 : 16) };
}

/** Writes the gate of `vector`, leading to `address`, into the table `view`. */
export function writeGate(view: DataView, mode: GuestMode, vector: number, address: number): void {
  if (mode === "real") {
    view.setUint16(4 * vector, address, true);
    view.setUint16(4 * vector + 2, 0, true);
    return;
  }
  const selector = mode === "protected" ? SELECTOR.code32 : SELECTOR.code64;
  const target = BigInt(address);
  const gate = (target & 0xffffn) | (BigInt(selector) << 16n) | (GATE << 32n) |
    ((target >> 16n & 0xffffn) << 48n);
  if (mode === "protected") {
    view.setBigUint64(8 * vector, gate, true);
  } else {
    view.setBigUint64(16 * vector, gate, true);
    view.setBigUint64(16 * vector + 8, target >> 32n, true);
  }
}

const tables = new Map<string, Uint8Array>();

/** The table of `mode` that leads each vector to its stub; made once for each window and kept. */
export function stubGates(mode: GuestMode, base: number): Uint8Array {
  const key = `${mode} ${base}`;
  let table = tables.get(key);
  if (table === undefined) {
    tables.set(key, table = new Uint8Array(gateTable(mode).size));
    const view = new DataView(table.buffer);
    for (let vector = 0; vector < 256; vector++) {
      writeGate(view, mode, vector, stubs(mode, base).symbol(stubLabel(vector)));
    }
  }
  return table;
}
