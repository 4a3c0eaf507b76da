/**
 * Threads of this process by number, as the kernel counts them.
 *
 * @module
 */
import { ERRNO } from "../abi/errno.ts";
import { errno, libc } from "./libc.ts";
import { WATCHDOG_SIGNAL } from "./watchdog.ts";

/** The calling thread. */
export function thisThread(): number {
  return libc().gettid();
}

/** Whether `thread` exists, running or on its way out. */
export function threadIsAlive(thread: number): boolean {
  // Signal 0 is sent to nobody; it only looks.
  return libc().tgkill(libc().getpid(), thread, 0) === 0 || errno() !== ERRNO.ESRCH;
}

/**
 * Brings `thread` out of `KVM_RUN`, or out of its next one at once.
 *
 * Only for a thread that has a watchdog: it keeps the signal blocked elsewhere,
 * where any other thread would take the whole process down.
 */
export function kickThread(thread: number): void {
  libc().tgkill(libc().getpid(), thread, WATCHDOG_SIGNAL);
}

/** Deletes the timer of a watchdog whose thread needs it no more. */
export function deleteTimer(timer: bigint): void {
  libc().timer_delete(timer);
}
