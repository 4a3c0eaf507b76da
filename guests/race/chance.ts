/**
 * How surely a race would have noticed a window in which the filter is not in
 * force.
 *
 * The calculation. Guests that access MSRs at a rate of r a second in all make
 * w * r accesses on average in a window of w seconds. Of the accesses, a share
 * s tells such a window: what both filters deny tells one in which no filter
 * or an empty one is in force, and what both allow tells one in which a filter
 * denies by default and lacks its ranges; s is the smaller of the two shares.
 * The accesses of one guest come about evenly spaced and the windows come at
 * moments unrelated to them, so that a window is missed with a probability of
 * at most e^(-w*r*s), which is that of arrivals by pure chance. With one window
 * in each change of the filter, n changes miss all of them with at most
 * e^(-n*w*r*s).
 *
 * Both rates are measured. r is that of the accesses between the beginning of
 * an ioctl and its end, not over all: it is there that the window would be. On
 * a machine with one processor that does not hold: a kernel that neither
 * sleeps in the window nor is preempted lets no guest run in it, and no access
 * can find it open unless a tick of the timer falls into it.
 *
 * @module
 */
import type { SwapResult } from "./swaps.ts";

/** What of a race the calculation takes. */
export type RaceRates = Pick<
  SwapResult,
  | "accessesWhileChanging"
  | "changingSeconds"
  | "processors"
  | "seconds"
  | "swaps"
  | "tellingShare"
>;

/**
 * The natural logarithm of the probability, at most, that a race misses every
 * window of some microseconds, one in each change of the filter, in which no
 * filter, an empty one or a half-built one is in force. On one processor it is
 * 0: nothing is sure there.
 *
 * @param microseconds How long a window is open.
 * @param seconds For how long such a race goes on; by default as long as this one did.
 *
 * @example Usage
 * ```ts
 * import { assert } from "@std/assert";
 * import { logOfMissing } from "@trapline/trapline/race";
 *
 * const rates = {
 *   accessesWhileChanging: 100_000, // 100,000 a second
 *   changingSeconds: 1,
 *   processors: 4,
 *   seconds: 2,
 *   swaps: 200, // 100 a second
 *   tellingShare: 0.25,
 * };
 * // 100 us hold 10 accesses, 2.5 of which tell the window: 200 windows are missed by e^-500.
 * assert(Math.abs(logOfMissing(rates, 100) + 500) < 1e-6);
 * ```
 */
export function logOfMissing(
  rates: RaceRates,
  microseconds: number,
  seconds: number = rates.seconds,
): number {
  const { accessesWhileChanging, changingSeconds, processors, swaps, tellingShare } = rates;
  if (processors < 2 || changingSeconds === 0 || rates.seconds === 0) return 0;
  const accessesPerSecond = accessesWhileChanging / changingSeconds;
  const windows = swaps * seconds / rates.seconds;
  return -windows * microseconds * 1e-6 * accessesPerSecond * tellingShare;
}
