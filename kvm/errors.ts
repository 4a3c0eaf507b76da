/**
 * What can go wrong, as types.
 *
 * @module
 */
import { errnoName } from "./abi/errno.ts";
import { formatMsr } from "./abi/msr.ts";
import { refusalText } from "./sys/remedy.ts";

export { SystemError } from "./sys/system_error.ts";

/**
 * The kernel refused an ioctl. Where a limit is the reason, the message says how to raise it.
 *
 * Only the kernel's own refusals are this error; what Trapline checks before
 * the call is a `TypeError`, a `RangeError` or {@linkcode ClosedError}.
 *
 * @example Usage
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { Kvm, KvmError } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const error = assertThrows(() => vm.enableCap("X86_USER_SPACE_MSR", [1n << 63n]), KvmError);
 * assertEquals([error.ioctl, error.errnoName], ["KVM_ENABLE_CAP", "EINVAL"]);
 * ```
 */
export class KvmError extends Error {
  /** The class, by name. */
  override readonly name = "KvmError";
  /** The ioctl, `KVM_SET_SREGS`. */
  readonly ioctl: string;
  /** The errno value, 22. */
  readonly errno: number;
  /** The errno name, `EINVAL`. */
  readonly errnoName: string;

  /** Builds the error for `ioctl`, which left `errno`. */
  constructor(ioctl: string, errno: number, detail = "") {
    const name = errnoName(errno);
    super(refusalText(ioctl, name, errno, detail));
    this.ioctl = ioctl;
    this.errno = errno;
    this.errnoName = name;
  }
}

/**
 * An object was used after it, or what it belongs to, was closed.
 *
 * @example Usage
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { ClosedError, Kvm } from "@trapline/trapline";
 *
 * const kvm = Kvm.open();
 * kvm.close();
 * assertThrows(() => kvm.createVm(), ClosedError, "is closed");
 * ```
 */
export class ClosedError extends Error {
  /** The class, by name. */
  override readonly name = "ClosedError";

  /** Builds the error for the attempted `action` on `what`. */
  constructor(action: string, what: string) {
    super(`Cannot ${action}: the ${what} is closed`);
  }
}

/** Why a KVM device cannot be used. */
export type KvmUnavailableCause =
  | "missing"
  | "not-permitted"
  | "not-kvm"
  | "api-version"
  | "failed";

/**
 * `/dev/kvm` cannot be used; the message says what would mend it.
 *
 * @example Usage
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { Kvm, KvmUnavailableError } from "@trapline/trapline";
 *
 * const error = assertThrows(() => Kvm.open("/nonexistent"), KvmUnavailableError);
 * assertEquals(error.reason, "missing");
 * ```
 */
export class KvmUnavailableError extends Error {
  /** The class, by name. */
  override readonly name = "KvmUnavailableError";
  /** What is wrong. */
  readonly reason: KvmUnavailableCause;
  /** What to do about it. */
  readonly remedy: string;

  /** Builds the error from what is wrong and what mends it. */
  constructor(reason: KvmUnavailableCause, message: string, remedy: string) {
    super(`${message}. ${remedy}`);
    this.reason = reason;
    this.remedy = remedy;
  }
}

/**
 * `KVM_GET_MSRS` or `KVM_SET_MSRS` stopped before the end of its list.
 *
 * @example Usage
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { Kvm, Msr, MsrRefusedError } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const vcpu = vm.createVcpu();
 * const refused = 0x4b56_4dff; // No MSR is there.
 * const error = assertThrows(() => vcpu.getMsrs([Msr.IA32_SYSENTER_CS, refused]), MsrRefusedError);
 * assertEquals([error.index, error.count], [refused, 1]);
 * ```
 */
export class MsrRefusedError extends Error {
  /** The class, by name. */
  override readonly name = "MsrRefusedError";
  /** `KVM_GET_MSRS` or `KVM_SET_MSRS`. */
  readonly ioctl: string;
  /** The first MSR index that the kernel refused. */
  readonly index: number;
  /** How many entries before it were done. */
  readonly count: number;

  /** Builds the error for the entry after the first `count` of `total`. */
  constructor(ioctl: string, index: number, count: number, total: number) {
    super(`${ioctl} refused MSR ${formatMsr(index)}: ${count} of ${total} entries were done`);
    this.ioctl = ioctl;
    this.index = index;
    this.count = count;
  }
}

/**
 * The guest was still running at the deadline of its run.
 *
 * @example Usage
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { asm64, DeadlineError, Kvm, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const session = Session.boot(vm, asm64`jmp $`, { deadlineMs: 50 });
 * const error = assertThrows(() => session.finish(), DeadlineError);
 * assertEquals(error.deadlineMs, 50);
 * ```
 */
export class DeadlineError extends Error {
  /** The class, by name. */
  override readonly name = "DeadlineError";
  /** The deadline of the run, in milliseconds. */
  readonly deadlineMs: number;
  /** Where the guest was: its RIP. */
  readonly rip: bigint;

  /** Builds the error for a guest found at `rip`. */
  constructor(deadlineMs: number, rip: bigint, where = "") {
    super(
      `The guest was still running after ${deadlineMs} ms, at RIP 0x${rip.toString(16)}${where}`,
    );
    this.deadlineMs = deadlineMs;
    this.rip = rip;
  }
}

/**
 * The guest used up its exits without coming to its end.
 *
 * @example Usage
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { asm64, ExitBudgetError, Kvm, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const program = asm64`
 * again:
 *   out 0x80, al
 *   jmp again
 * `;
 * const session = Session.boot(vm, program, { maxExits: 3 });
 * for (let i = 0; i < 3; i++) session.next("IO");
 * const error = assertThrows(() => session.next("IO"), ExitBudgetError);
 * assertEquals(error.budget, 3);
 * ```
 */
export class ExitBudgetError extends Error {
  /** The class, by name. */
  override readonly name = "ExitBudgetError";
  /** The exits that were allowed. */
  readonly budget: number;
  /** Where the guest was: its RIP. */
  readonly rip: bigint;

  /** Builds the error for a guest found at `rip`. */
  constructor(budget: number, rip: bigint, where = "") {
    super(
      `The guest used up its ${budget} exits without ending, at RIP 0x${rip.toString(16)}${where}`,
    );
    this.budget = budget;
    this.rip = rip;
  }
}
