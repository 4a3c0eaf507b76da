/**
 * Entering the guest, under a deadline.
 *
 * @module
 */
import { ERRNO } from "./abi/errno.ts";
import { EXIT_REASON } from "./abi/exit_reason.ts";
import { IOCTL } from "./abi/ioctls.ts";
import { KVM_RUN } from "./abi/kvm_run.ts";
import { DeadlineError, KvmError } from "./errors.ts";
import { decodeExit, type Exit } from "./exit.ts";
import type { RunPage } from "./run_page.ts";
import { ioctlNoArgument } from "./sys/fd.ts";
import type { Watchdog } from "./sys/watchdog.ts";
import { timeScale } from "./time_scale.ts";

/** How long a run may take unless it is told otherwise, in milliseconds. */
const DEFAULT_DEADLINE_MS = 10_000;

/** How to run a vCPU. */
export interface RunOptions {
  /**
   * Milliseconds that the guest may run; it ends with a `DeadlineError` then,
   * or up to a tenth later. Default 10,000, times `TRAPLINE_TIME_SCALE`.
   */
  readonly deadlineMs?: number;
  /**
   * Complete what is pending and come back with INTR before the next guest
   * instruction (`kvm_run.immediate_exit`, api.rst section 5); default false.
   */
  readonly immediateExit?: boolean;
}

/** A vCPU that can be entered. */
export interface Enterable {
  /** The vCPU's descriptor. */
  readonly fd: number;
  /** Its shared region. */
  readonly page: RunPage;
  /** The watchdog whose signal comes through while it runs. */
  readonly watchdog: Watchdog;
  /** Reads its RIP. */
  readonly rip: () => bigint;
  /** Whether it waits for a start-up IPI, which no run of its own brings. */
  readonly waitsForSipi: () => boolean;
}

const NO_OPTIONS: RunOptions = {};
const IMMEDIATE_EXIT = KVM_RUN.fields.immediate_exit.offset;
const REASON = KVM_RUN.fields.exit_reason.offset;

function checkDeadline(deadlineMs: number): void {
  if (!(deadlineMs > 0 && deadlineMs <= Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`Cannot run with a deadline of ${deadlineMs} ms: it must be positive`);
  }
}

function interrupted(page: RunPage): Exit {
  // The kernel leaves the reason of the exit before where it was.
  page.view.setUint32(REASON, EXIT_REASON.INTR, true);
  return decodeExit(page);
}

function enterAtOnce(vcpu: Enterable): Exit {
  const { fd, page, watchdog } = vcpu;
  page.view.setUint8(IMMEDIATE_EXIT, 1);
  page.entries++;
  try {
    const result = ioctlNoArgument(fd, IOCTL.RUN.request);
    if (result >= 0) return decodeExit(page);
    if (result !== -ERRNO.EINTR) throw new KvmError(IOCTL.RUN.name, -result);
  } finally {
    page.view.setUint8(IMMEDIATE_EXIT, 0);
  }
  watchdog.drain();
  return interrupted(page);
}

/**
 * Whether a refusal passes: EINTR is a signal, and EAGAIN comes from a kernel
 * short of something for a moment, unless the vCPU has yet to be started.
 */
function isPassing(vcpu: Enterable, result: number): boolean {
  return result === -ERRNO.EINTR || (result === -ERRNO.EAGAIN && !vcpu.waitsForSipi());
}

/**
 * `KVM_RUN`, again and again until the guest exits or the deadline has come.
 * Another thread that sets `immediate_exit` and sends the watchdog's signal
 * ends it with INTR.
 *
 * @throws {RangeError} When the deadline is not a positive number.
 * @throws {DeadlineError} When the guest is still running at the deadline.
 * @throws {KvmError} When the kernel refuses the run.
 */
export function enter(vcpu: Enterable, options: RunOptions = NO_OPTIONS): Exit {
  const { fd, page, watchdog } = vcpu;
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS * timeScale();
  checkDeadline(deadlineMs);
  if (options.immediateExit === true) return enterAtOnce(vcpu);
  // The clock is read only once the watchdog has barked; the deadline counts
  // from there, so the run lasts at most a tenth longer than it was given.
  let deadline: number | undefined;
  watchdog.guard(deadlineMs / 10);
  page.entries++;
  while (true) {
    const result = ioctlNoArgument(fd, IOCTL.RUN.request);
    if (result >= 0) return decodeExit(page);
    if (!isPassing(vcpu, result)) throw new KvmError(IOCTL.RUN.name, -result);
    watchdog.drain();
    if (page.view.getUint8(IMMEDIATE_EXIT) !== 0) return interrupted(page);
    const now = performance.now();
    deadline ??= now + deadlineMs;
    if (now >= deadline) throw new DeadlineError(deadlineMs, vcpu.rip());
    watchdog.set(deadline - now);
  }
}
