/**
 * The part of a guest's window that is a hypervisor's own.
 *
 * @module
 */
import type { Session } from "../session.ts";
import type { MsrAccess } from "../walker.ts";
import { CELL, CELLS_SIZE, ENTRY, ENTRY_SIZE, NESTED } from "./layout.ts";

/** L1's memory, as the host sees it. */
export class L1Memory {
  readonly #session: Session;

  /** The memory of the L1 that `session` runs. */
  constructor(session: Session) {
    this.#session = session;
  }

  /** Guest-physical address of a part. */
  at(part: keyof typeof NESTED): number {
    return this.#session.base + NESTED[part];
  }

  /** The first `length` bytes of a part themselves. */
  bytes(part: keyof typeof NESTED, length: number): Uint8Array<ArrayBuffer> {
    return this.#session.vm.memory.bytes(this.at(part), length);
  }

  /** The first `length` bytes of a part themselves as a `DataView`. */
  view(part: keyof typeof NESTED, length: number): DataView<ArrayBuffer> {
    return this.#session.vm.memory.view(this.at(part), length);
  }

  /** The value of a cell. */
  cell(name: keyof typeof CELL): bigint {
    return this.view("cells", CELLS_SIZE).getBigUint64(CELL[name], true);
  }

  /** Sets a cell. */
  setCell(name: keyof typeof CELL, value: bigint): void {
    this.view("cells", CELLS_SIZE).setBigUint64(CELL[name], value, true);
  }

  /** Forgets the log. */
  clearLog(): void {
    this.setCell("logEnd", BigInt(this.at("log")));
  }

  /** The log: the accesses that L1 intercepted. */
  readLog(): MsrAccess[] {
    const count = (Number(this.cell("logEnd")) - this.at("log")) / ENTRY_SIZE;
    const view = this.view("log", count * ENTRY_SIZE);
    return Array.from({ length: count }, (_, i): MsrAccess => {
      const at = i * ENTRY_SIZE;
      const index = view.getUint32(at + ENTRY.index, true);
      if (view.getUint32(at + ENTRY.write, true) === 0) return { kind: "read", index };
      return { kind: "write", index, value: view.getBigUint64(at + ENTRY.value, true) };
    });
  }
}
