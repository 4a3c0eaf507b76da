/**
 * The error for a refused system call that is not an ioctl of KVM.
 *
 * @module
 */
import { errnoName } from "../abi/errno.ts";
import { refusalText } from "./remedy.ts";

/**
 * A system call other than an ioctl of KVM failed: `mmap`, `open`, `read`.
 * Where a limit is the reason, the message says how to raise it.
 *
 * @example Usage
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { HostMemory, SystemError } from "@trapline/trapline";
 *
 * const error = assertThrows(() => HostMemory.allocate(2 ** 52), SystemError);
 * assertEquals(error.errnoName, "ENOMEM");
 * ```
 */
export class SystemError extends Error {
  /** The class, by name. */
  override readonly name = "SystemError";
  /** The call, `mmap`. */
  readonly call: string;
  /** The errno value, 12. */
  readonly errno: number;
  /** The errno name, `ENOMEM`. */
  readonly errnoName: string;

  /** Builds the error for `call`, which left `errno`. */
  constructor(call: string, errno: number, detail = "") {
    const name = errnoName(errno);
    super(refusalText(call, name, errno, detail));
    this.call = call;
    this.errno = errno;
    this.errnoName = name;
  }
}
