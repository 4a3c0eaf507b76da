/**
 * How long a race goes on, and what came of it.
 *
 * @module
 */
import type { RacePair } from "./pair.ts";

/** What is known while a race goes on. */
export interface RaceProgress {
  /** Accesses so far. */
  readonly accesses: number;
  /** Changes of the filter so far. */
  readonly swaps: number;
}

/** What every race takes. */
export interface RunOptions {
  /** How long it goes on, in seconds; 1 by default, and longer where little happens in that time. */
  readonly seconds?: number;
  /** The filters and the accesses; {@linkcode STANDARD_PAIR} by default. */
  readonly pair?: RacePair;
  /** vCPUs in the VM, 1 to 8; 4 by default. */
  readonly vcpus?: number;
  /** Is called now and then. */
  readonly onProgress?: (soFar: RaceProgress) => void;
}

/** What came of a race. */
export interface RaceResult extends RaceProgress {
  /** How long it went on, in seconds, without the start of its threads. */
  readonly seconds: number;
  /** What no order of events can explain, each kind in one line; empty when all is well. */
  readonly violations: readonly string[];
}

/**
 * The seconds asked for, in milliseconds.
 *
 * @throws {RangeError} When they are no number above 0.
 */
export function checkSeconds(seconds: number = 1): number {
  if (!(seconds > 0 && seconds < Infinity)) {
    throw new RangeError(`Cannot race for ${seconds} s: it must be a number above 0`);
  }
  return seconds * 1000;
}
