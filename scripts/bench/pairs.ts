/**
 * Ratios of two things that take turns.
 *
 * @module
 */

/** Runs one batch and gives the time it took, in nanoseconds. */
export type Batch = () => number | Promise<number>;

/** The spread of some ratios. */
export interface Spread {
  /** The middle one. */
  readonly median: number;
  /** The smallest. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
}

/** Times `batch` on this thread's clock, in nanoseconds. */
export function timed(batch: () => void): number {
  const start = performance.now();
  batch();
  return (performance.now() - start) * 1e6;
}

/** The spread of `values`, of which there must be one at least. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) {
    throw new RangeError("Cannot take the median of no values");
  }
  const upper = sorted[sorted.length >> 1]!;
  const lower = sorted[(sorted.length - 1) >> 1]!;
  return { median: (lower + upper) / 2, min, max };
}

/**
 * Lets `over` and `under` take turns and returns their quotient, pair by pair:
 * what else the machine does hits both batches of a pair much the same. Which
 * of them goes first alternates too. The first `warmUp` pairs do not count.
 */
export async function ratios(
  over: Batch,
  under: Batch,
  options: { readonly pairs: number; readonly warmUp: number },
): Promise<number[]> {
  const found: number[] = [];
  for (let turn = 0; turn < options.warmUp + options.pairs; turn++) {
    const first = turn % 2 === 0 ? await over() : await under();
    const second = turn % 2 === 0 ? await under() : await over();
    found.push(turn % 2 === 0 ? first / second : second / first);
  }
  return found.slice(options.warmUp);
}
