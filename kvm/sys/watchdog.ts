/**
 * The timer that brings a thread back out of `KVM_RUN`, without a signal
 * handler: the signal is blocked in the thread and unblocked only inside
 * `KVM_RUN` (`KVM_SET_SIGNAL_MASK`), which then returns EINTR; afterwards
 * `sigtimedwait` takes the signal away.
 *
 * @module
 */
import { ERRNO } from "../abi/errno.ts";
import {
  GLIBC_SIGSET_SIZE,
  ITIMERSPEC,
  KERNEL_SIGSET_SIZE,
  POSIX,
  SIGEVENT,
} from "../abi/posix.ts";
import { KVM_SIGNAL_MASK } from "../abi/vcpu_state.ts";
import { errno, libc } from "./libc.ts";
import { SystemError } from "./system_error.ts";

/** A real-time signal that neither glibc (32, 33) nor Deno uses. */
export const WATCHDOG_SIGNAL = 50;

function sigset(...signals: number[]): Uint8Array<ArrayBuffer> {
  const set = new Uint8Array(GLIBC_SIGSET_SIZE);
  for (const signal of signals) set[(signal - 1) >> 3]! |= 1 << ((signal - 1) & 7);
  return set;
}

/** The timer of one thread, shared by all vCPUs that run there. */
export class Watchdog {
  static #instance: Watchdog | undefined;

  readonly #set = sigset(WATCHDOG_SIGNAL);
  readonly #runMask: Uint8Array<ArrayBuffer>;
  readonly #noWait = new Uint8Array(16);
  readonly #time = new Uint8Array(ITIMERSPEC.size);
  readonly #timeView = new DataView(this.#time.buffer);
  readonly #timer: bigint;
  #setFor = Infinity;

  private constructor() {
    const previous = new Uint8Array(GLIBC_SIGSET_SIZE);
    const error = libc().pthread_sigmask(POSIX.SIG_BLOCK, this.#set, previous);
    if (error !== 0) throw new SystemError("pthread_sigmask", error);
    this.#runMask = new Uint8Array(KVM_SIGNAL_MASK.size + KERNEL_SIGSET_SIZE);
    KVM_SIGNAL_MASK.write(new DataView(this.#runMask.buffer), { len: KERNEL_SIGSET_SIZE });
    previous[(WATCHDOG_SIGNAL - 1) >> 3]! &= ~(1 << ((WATCHDOG_SIGNAL - 1) & 7));
    this.#runMask.set(previous.subarray(0, KERNEL_SIGSET_SIZE), KVM_SIGNAL_MASK.size);

    const event = SIGEVENT.encode({
      sigev_signo: WATCHDOG_SIGNAL,
      sigev_notify: POSIX.SIGEV_THREAD_ID,
      "_sigev_un._tid": libc().gettid(),
    });
    const id = new BigUint64Array(1);
    if (libc().timer_create(POSIX.CLOCK_MONOTONIC, event, id) === -1) {
      const code = errno();
      // It takes one of the user's queued signals (timer_create(2)).
      const remedy = code === ERRNO.EAGAIN ? "raise the limit of queued signals (ulimit -i)" : "";
      throw new SystemError("timer_create", code, remedy);
    }
    this.#timer = id[0]!;
  }

  /** The watchdog of the calling thread. */
  static ofThisThread(): Watchdog {
    // Each isolate is one thread's, so a static is per thread.
    return Watchdog.#instance ??= new Watchdog();
  }

  /**
   * The timer, by a number that is good on every thread. It outlives its
   * thread: whoever ends the thread deletes it.
   */
  get timer(): bigint {
    return this.#timer;
  }

  /** The argument of `KVM_SET_SIGNAL_MASK` that lets this watchdog's signal into `KVM_RUN`. */
  get runMask(): Uint8Array<ArrayBuffer> {
    return this.#runMask;
  }

  /**
   * Sees to it that the signal comes within `waitMs` milliseconds.
   *
   * An alarm that was set for no longer than that and was not drained is left
   * standing, whether it is still to come or has come and waits for the next
   * `KVM_RUN`. So the usual run costs neither a system call nor a look at the
   * clock.
   */
  guard(waitMs: number): void {
    if (this.#setFor <= waitMs) return;
    this.set(waitMs);
  }

  /** Sets the alarm anew, to `waitMs` milliseconds from now. */
  set(waitMs: number): void {
    const seconds = Math.floor(waitMs / 1000);
    const nanoseconds = Math.max(Math.ceil((waitMs - seconds * 1000) * 1e6), 1);
    this.#timeView.setBigUint64(16, BigInt(seconds), true);
    this.#timeView.setBigUint64(24, BigInt(Math.min(nanoseconds, 999_999_999)), true);
    if (libc().timer_settime(this.#timer, 0, this.#time, null) === -1) {
      throw new SystemError("timer_settime", errno());
    }
    this.#setFor = waitMs;
  }

  /** Takes a signal that has come away, so that the next `KVM_RUN` does not see it. */
  drain(): void {
    while (libc().sigtimedwait(this.#set, null, this.#noWait) === WATCHDOG_SIGNAL) {
      this.#setFor = Infinity;
    }
  }
}
