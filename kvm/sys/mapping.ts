/**
 * Memory mappings whose every view dies with them.
 *
 * @module
 */
import { POSIX } from "../abi/posix.ts";
import { errno, libc } from "./libc.ts";
import { SystemError } from "./system_error.ts";

/** Bytes in a page of the host. */
export const PAGE_SIZE = 4096;

const { PROT_NONE, PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE } =
  POSIX;

/**
 * Mapped memory. {@linkcode Mapping.close} detaches the buffer before the
 * pages go, so that an access through a view that was left over throws instead
 * of touching memory that is no longer there.
 */
export class Mapping implements Disposable {
  /** Address of the first byte in this process. */
  readonly address: bigint;
  /** The mapped bytes; detached after {@linkcode Mapping.close}. */
  readonly buffer: ArrayBuffer;
  readonly #pointer: Deno.PointerObject;
  readonly #mappedSize: number;
  #closed = false;

  private constructor(pointer: Deno.PointerObject, size: number, mappedSize: number) {
    this.#pointer = pointer;
    this.#mappedSize = mappedSize;
    this.address = Deno.UnsafePointer.value(pointer);
    this.buffer = Deno.UnsafePointerView.getArrayBuffer(pointer, size);
  }

  static #map(size: number, protection: number, flags: number, fd: number): Deno.PointerObject {
    const pointer = libc().mmap(null, BigInt(size), protection, flags, fd, 0n);
    // MAP_FAILED is (void *) -1.
    if (pointer === null || Deno.UnsafePointer.value(pointer) === 0xffff_ffff_ffff_ffffn) {
      throw new SystemError("mmap", errno(), `${size} bytes`);
    }
    return pointer;
  }

  /** Maps the first `size` bytes of `fd`, shared. */
  static ofFd(fd: number, size: number): Mapping {
    return new Mapping(Mapping.#map(size, PROT_READ | PROT_WRITE, MAP_SHARED, fd), size, size);
  }

  /** Maps `size` bytes, zero and private, in whole pages. */
  static anonymous(size: number): Mapping {
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    return new Mapping(Mapping.#map(size, PROT_READ | PROT_WRITE, flags, -1), size, size);
  }

  /** Like {@linkcode Mapping.anonymous}, followed by a page that nobody can touch. */
  static guarded(size: number): Mapping {
    const pages = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    const pointer = Mapping.#map(pages + PAGE_SIZE, PROT_NONE, flags, -1);
    const mapping = new Mapping(pointer, pages, pages + PAGE_SIZE);
    if (libc().mprotect(pointer, BigInt(pages), PROT_READ | PROT_WRITE) === -1) {
      const code = errno();
      mapping.close();
      throw new SystemError("mprotect", code, `${pages} bytes`);
    }
    return mapping;
  }

  /** Whether the pages are gone. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Detaches every view, then unmaps the pages. Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.buffer.transfer();
    libc().munmap(this.#pointer, BigInt(this.#mappedSize));
  }

  /** Same as {@linkcode Mapping.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
