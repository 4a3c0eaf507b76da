/**
 * Memory of this process whose address the kernel may be told.
 *
 * @module
 */
import { ClosedError } from "./errors.ts";
import { Mapping } from "./sys/mapping.ts";

/**
 * Zeroed pages at a fixed address, with an inaccessible page behind them: what
 * a test of the kernel's own copying needs (`EFAULT` one byte past the end).
 *
 * Lives until it is closed; every view of it is detached then.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { HostMemory } from "@trapline/trapline";
 *
 * using memory = HostMemory.allocate(8);
 * assertEquals(memory.bytes.length, 4096);
 * assertEquals(memory.end, memory.address + 4096n);
 * ```
 */
export class HostMemory implements Disposable {
  readonly #mapping: Mapping;

  private constructor(mapping: Mapping) {
    this.#mapping = mapping;
  }

  /**
   * Allocates at least `size` bytes, rounded up to whole pages of 4096 bytes.
   *
   * @throws {RangeError} When `size` is not a positive safe integer.
   * @throws {SystemError} When the kernel has no memory for it.
   */
  static allocate(size: number): HostMemory {
    if (!Number.isSafeInteger(size) || size <= 0) {
      throw new RangeError(`Cannot allocate ${size} bytes: the size must be a positive integer`);
    }
    return new HostMemory(Mapping.guarded(size));
  }

  /**
   * Address of the first byte in this process.
   *
   * @throws {ClosedError} When it has been closed: other memory may lie there by now.
   */
  get address(): bigint {
    this.#assertOpen("use the address");
    return this.#mapping.address;
  }

  /**
   * Address of the first byte that cannot be read.
   *
   * @throws {ClosedError} When it has been closed.
   */
  get end(): bigint {
    return this.address + BigInt(this.bytes.length);
  }

  /**
   * The memory.
   *
   * @throws {ClosedError} When it has been closed.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    this.#assertOpen("use the bytes");
    return new Uint8Array(this.#mapping.buffer);
  }

  #assertOpen(action: string): void {
    if (this.#mapping.closed) throw new ClosedError(action, "host memory");
  }

  /** Gives the pages back; safe to call twice. */
  close(): void {
    this.#mapping.close();
  }

  /** Same as {@linkcode HostMemory.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
