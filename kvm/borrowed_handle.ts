/**
 * A descriptor of KVM on another thread than the one that owns it.
 *
 * @module
 */
import { Handle } from "./handle.ts";

/**
 * The raw door to a descriptor that somebody else owns, by its number.
 * Descriptors are the whole process', so a `Worker` that is told the number of
 * a VM can call its ioctls while other threads run its vCPUs.
 *
 * Closing it leaves the descriptor open. The owner keeps it open for as long
 * as the number is used: a number that has been closed may mean another file.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BorrowedHandle, Kvm } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using borrowed = new BorrowedHandle(kvm.fd); // The number may come from another thread.
 * assertEquals(borrowed.raw(0xae00), { result: 12, errno: 0 }); // KVM_GET_API_VERSION
 * ```
 */
export class BorrowedHandle extends Handle {
  /** What the messages call this object. */
  protected override readonly kind: string = "borrowed descriptor";

  /** Takes the number of a descriptor that is open. */
  constructor(fd: number) {
    super(fd);
  }

  /** Leaves the descriptor open: its owner closes it. */
  protected override release(): void {}
}
