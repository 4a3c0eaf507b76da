/**
 * The error of a guest that did something else than was wanted.
 *
 * @module
 */
import { EXIT_REASON, formatExitReason } from "../kvm/abi/exit_reason.ts";
import { type Exit, formatExit } from "../kvm/exit.ts";

/** What the error tells of the guest; a `Session` is one. */
export interface Describable {
  /** Code around RIP, registers, exits so far. */
  describe(): string;
}

/**
 * A guest did something else than was wanted. The message says what was
 * wanted and what was got, and shows the guest: the code around RIP, the
 * registers and the exits so far.
 *
 * @example Usage
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { guest, GuestAssertionError, Kvm, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const session = Session.boot(vm, guest.rdmsr(0x10)); // Without a filter it exits at its end alone.
 * const error = assertThrows(() => session.next("X86_RDMSR"), GuestAssertionError);
 * assertEquals(error.wanted, "KVM_EXIT_X86_RDMSR (29)");
 * ```
 */
export class GuestAssertionError extends Error {
  /** The class, by name. */
  override readonly name = "GuestAssertionError";
  /** What was wanted. */
  readonly wanted: string;
  /** What was got. */
  readonly got: string;

  /** Builds the error from what was wanted of `guest` and what was got. */
  constructor(guest: Describable, wanted: string, got: string) {
    super(`Wanted ${wanted}, got ${got}\n${guest.describe()}`);
    this.wanted = wanted;
    this.got = got;
  }

  /** The error for an exit other than the one that was wanted. */
  static forExit(guest: Describable, wanted: string, exit: Exit): GuestAssertionError {
    const number = (EXIT_REASON as Readonly<Record<string, number>>)[wanted];
    return new GuestAssertionError(
      guest,
      number === undefined ? wanted : formatExitReason(number),
      formatExit(exit),
    );
  }
}
