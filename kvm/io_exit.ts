/**
 * The exits of port I/O and of memory that is not there, and their answers
 * (api.rst section 5, `KVM_EXIT_IO` and `KVM_EXIT_MMIO`).
 *
 * @module
 */
import { EXIT_REASON } from "./abi/exit_reason.ts";
import { KVM_EXIT_IO_OUT, KVM_RUN } from "./abi/kvm_run.ts";
import type { RunPage } from "./run_page.ts";

const FIELD = KVM_RUN.fields;

/**
 * `KVM_EXIT_IO` (2). Whether RIP is at the instruction or past it differs
 * between vendors; the instruction completes when the vCPU runs again.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { asm64, Kvm, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const session = Session.boot(vm, asm64`
 *   in al, 0x80
 *   jmp finish
 * `);
 * session.next("IO").supply(Uint8Array.of(0x2a));
 * assertEquals(session.finish().regs.rax & 0xffn, 0x2an);
 * ```
 */
export class IoExit {
  /** The exit reason's name. */
  readonly name = "IO" as const;
  /** The exit reason's number. */
  readonly number: 2 = EXIT_REASON.IO;
  /** `out` writes the port, `in` reads it. */
  readonly direction: "in" | "out";
  /** Bytes an item: 1, 2 or 4. */
  readonly size: number;
  /** The port. */
  readonly port: number;
  /** Items; more than one for a string instruction. */
  readonly count: number;
  /** The first item as a number; what the kernel left there for `in`. */
  readonly value: number;
  readonly #page: RunPage;
  readonly #entry: number;
  readonly #offset: number;
  #items: Uint8Array<ArrayBuffer> | undefined;

  /** Decodes the exit that `page` holds. */
  constructor(page: RunPage) {
    const view = page.view;
    this.direction = view.getUint8(FIELD["io.direction"].offset) === KVM_EXIT_IO_OUT ? "out" : "in";
    this.size = view.getUint8(FIELD["io.size"].offset);
    this.port = view.getUint16(FIELD["io.port"].offset, true);
    this.count = view.getUint32(FIELD["io.count"].offset, true);
    // The low half: the offset lies within the region.
    this.#offset = view.getUint32(FIELD["io.data_offset"].offset, true);
    this.value = this.size === 1
      ? view.getUint8(this.#offset)
      : this.size === 2
      ? view.getUint16(this.#offset, true)
      : view.getUint32(this.#offset, true);
    this.#page = page;
    this.#entry = page.entries;
    // A typed array takes longer to make than all the rest: only strings need one.
    if (this.count > 1) this.#items = this.#copy();
  }

  /** All `size * count` bytes; what the kernel left there for `in`. */
  get data(): Uint8Array<ArrayBuffer> {
    if (this.#items === undefined) {
      this.#items = new Uint8Array(this.size);
      for (let i = 0; i < this.size; i++) this.#items[i] = this.value >>> (8 * i);
    }
    return this.#items;
  }

  #copy(): Uint8Array<ArrayBuffer> {
    const window = new Uint8Array(this.#page.view.buffer, this.#offset, this.size * this.count);
    return window.slice();
  }

  /**
   * Supplies what an `in` reads.
   *
   * @throws {TypeError} When the guest writes the port.
   * @throws {RangeError} When `bytes` are not `size * count`.
   * @throws {Error} When the vCPU has been entered since.
   */
  supply(bytes: Uint8Array): void {
    if (this.direction === "out") throw new TypeError("Cannot supply bytes: the guest writes");
    if (bytes.length !== this.data.length) {
      throw new RangeError(
        `Cannot supply ${bytes.length} bytes: the guest reads ${this.data.length}`,
      );
    }
    this.#page.assertStill(this.#entry, "answer the port read");
    new Uint8Array(this.#page.view.buffer).set(bytes, this.#offset);
  }

  /** The exit in one line. */
  toString(): string {
    const data = this.direction === "out" ? ` data ${hex(this.data)}` : "";
    return `KVM_EXIT_IO (2) ${this.direction} port 0x${this.port.toString(16)} ` +
      `${this.count} x ${this.size} byte${data}`;
  }
}

/**
 * `KVM_EXIT_MMIO` (6): the guest accesses memory that no slot offers for it.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { asm64, Kvm, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const session = Session.boot(vm, asm64`
 *   mov rsi, 0x30000000
 *   mov al, [rsi]
 *   jmp finish
 * `);
 * const exit = session.next("MMIO");
 * assertEquals([exit.gpa, exit.isWrite], [0x3000_0000n, false]);
 * exit.supply(Uint8Array.of(0x2a));
 * assertEquals(session.finish().regs.rax & 0xffn, 0x2an);
 * ```
 */
export class MmioExit {
  /** The exit reason's name. */
  readonly name = "MMIO" as const;
  /** The exit reason's number. */
  readonly number: 6 = EXIT_REASON.MMIO;
  /** Guest-physical address. */
  readonly gpa: bigint;
  /** Whether the guest writes. */
  readonly isWrite: boolean;
  /** What the guest writes; as many bytes of what the kernel left there for a read. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly #page: RunPage;
  readonly #entry: number;

  /** Decodes the exit that `page` holds. */
  constructor(page: RunPage) {
    const view = page.view;
    this.gpa = FIELD["mmio.phys_addr"].get(view, 0);
    this.isWrite = FIELD["mmio.is_write"].get(view, 0) !== 0;
    this.data = new Uint8Array(FIELD["mmio.data"].get(view, 0))
      .slice(0, FIELD["mmio.len"].get(view, 0));
    this.#page = page;
    this.#entry = page.entries;
  }

  /**
   * Supplies what the guest reads.
   *
   * @throws {TypeError} When the guest writes.
   * @throws {RangeError} When `bytes` are not as many as the guest reads.
   * @throws {Error} When the vCPU has been entered since.
   */
  supply(bytes: Uint8Array): void {
    if (this.isWrite) throw new TypeError("Cannot supply bytes: the guest writes");
    if (bytes.length !== this.data.length) {
      throw new RangeError(
        `Cannot supply ${bytes.length} bytes: the guest reads ${this.data.length}`,
      );
    }
    this.#page.assertStill(this.#entry, "answer the memory read");
    new Uint8Array(this.#page.view.buffer).set(bytes, FIELD["mmio.data"].offset);
  }

  /** The exit in one line. */
  toString(): string {
    return `KVM_EXIT_MMIO (6) ${this.isWrite ? `write ${hex(this.data)} to` : "read of"} ` +
      `GPA 0x${this.gpa.toString(16)}, ${this.data.length} bytes`;
  }
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
