/**
 * Ratios of two things that take turns.
 *
 * @module
 */

/** Does something `count` times. */
export type Turns = (count: number) => void;

/**
 * Times `count` turns, after `warmUp` more that do not count, because another
 * process had the caches before. Gives nanoseconds.
 */
export type Batch = (warmUp: number, count: number) => number | Promise<number>;

/** How two batches are compared. */
export interface Sampling {
  /** Pairs of batches, each of which gives a ratio. */
  readonly pairs: number;
  /** Turns of a batch. */
  readonly count: number;
  /** Turns before each batch that do not count. */
  readonly warmUp: number;
  /** Turns at the very start, for the compilers of V8. */
  readonly prime: number;
}

/** The spread of some ratios. */
export interface Spread {
  /** The middle one. */
  readonly median: number;
  /** The smallest. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
}

/** Times `turns` on this thread's clock. */
export function timed(turns: Turns): Batch {
  return (warmUp, count) => {
    turns(warmUp);
    const start = performance.now();
    turns(count);
    return (performance.now() - start) * 1e6;
  };
}

/**
 * The spread of `values`.
 *
 * @throws {RangeError} When there are none.
 */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) {
    throw new RangeError("Cannot take the median of no values");
  }
  const lower = sorted[(sorted.length - 1) >> 1]!;
  const upper = sorted[sorted.length >> 1]!;
  return { median: (lower + upper) / 2, min, max };
}

/**
 * The time of `over` divided by that of `under`, pair by pair: the two take
 * turns, so what else the machine does hits both batches of a pair much the
 * same. Which of them goes first alternates too.
 */
export async function ratios(over: Batch, under: Batch, sampling: Sampling): Promise<number[]> {
  const { pairs, count, warmUp, prime } = sampling;
  await over(0, prime);
  await under(0, prime);
  const found: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) {
      const first = await over(warmUp, count);
      found.push(first / await under(warmUp, count));
    } else {
      const first = await under(warmUp, count);
      found.push(await over(warmUp, count) / first);
    }
  }
  return found;
}
