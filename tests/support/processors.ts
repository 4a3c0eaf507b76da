/**
 * Whether guests and the test run at the same time, and what to do where they
 * do not.
 *
 * @module
 */

/** Whether guests and the test share one processor, as in a sandbox; everything takes long then. */
export const ONE_PROCESSOR: boolean = navigator.hardwareConcurrency < 2;

/** Sleeps on this thread, which leaves a processor to the guests. */
export function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
