/**
 * Memory mappings whose every view dies with them.
 *
 * @module
 */
import { POSIX } from "../abi/posix.ts";
import { closeFd } from "./fd.ts";
import { cString, errno, libc } from "./libc.ts";
import { SystemError } from "./system_error.ts";

/** Bytes in a page of the host. */
export const PAGE_SIZE = 4096;

/** How `/proc/self/maps` shows the memory: `/memfd:trapline`. */
export const MEMORY_NAME = "trapline";

const NAME = cString(MEMORY_NAME);

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

  /** Maps the first `size` bytes of `fd`, shared. */
  static ofFd(fd: number, size: number): Mapping {
    const protection = POSIX.PROT_READ | POSIX.PROT_WRITE;
    const pointer = libc().mmap(null, BigInt(size), protection, POSIX.MAP_SHARED, fd, 0n);
    // MAP_FAILED is (void *) -1.
    if (pointer === null || Deno.UnsafePointer.value(pointer) === 0xffff_ffff_ffff_ffffn) {
      throw new SystemError("mmap", errno(), `${size} bytes`);
    }
    return new Mapping(pointer, size, size);
  }

  /**
   * Maps `size` bytes of zeroed memory, in whole pages.
   *
   * A memfd rather than anonymous memory: `/proc/self/maps` then names it, so
   * that a leak can be told from the pages of V8.
   */
  static memory(size: number): Mapping {
    const fd = libc().memfd_create(NAME, POSIX.MFD_CLOEXEC);
    if (fd === -1) throw new SystemError("memfd_create", errno());
    try {
      if (libc().ftruncate(fd, BigInt(size)) === -1) {
        throw new SystemError("ftruncate", errno(), `${size} bytes`);
      }
      return Mapping.ofFd(fd, size);
    } finally {
      closeFd(fd); // The mapping keeps the file.
    }
  }

  /** Like {@linkcode Mapping.memory}, followed by a page that nobody can touch. */
  static guarded(size: number): Mapping {
    const pages = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
    const whole = Mapping.memory(pages + PAGE_SIZE);
    const guard = Deno.UnsafePointer.create(whole.address + BigInt(pages));
    if (libc().mprotect(guard, BigInt(PAGE_SIZE), POSIX.PROT_NONE) === -1) {
      const code = errno();
      whole.close();
      throw new SystemError("mprotect", code, `${PAGE_SIZE} bytes`);
    }
    return whole.#withoutGuard(pages);
  }

  /**
   * Pages that another thread has mapped, by their address; that thread unmaps
   * them. Whoever borrows them stays out of them from then on: nothing detaches
   * the views that are on this side.
   */
  static borrowed(address: bigint, size: number): Mapping {
    const pointer = Deno.UnsafePointer.create(address);
    if (pointer === null) throw new TypeError("Cannot borrow a mapping: its address is 0");
    return new Mapping(pointer, size, 0);
  }

  #withoutGuard(size: number): Mapping {
    const guarded = new Mapping(this.#pointer, size, this.#mappedSize);
    this.#closed = true;
    this.buffer.transfer(0);
    return guarded;
  }

  /** Whether the pages are gone. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Detaches every view, then unmaps the pages. Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // To a buffer of no bytes: V8 would go on to count the pages, and collect garbage for them.
    this.buffer.transfer(0);
    if (this.#mappedSize > 0) libc().munmap(this.#pointer, BigInt(this.#mappedSize));
  }

  /** Same as {@linkcode Mapping.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
