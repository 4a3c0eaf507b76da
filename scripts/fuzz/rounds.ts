/**
 * The rounds of a search that a shard does.
 *
 * @module
 */
import type { Shard } from "../fleet/shard.ts";
import { FILTERS_A_ROUND } from "./campaign.ts";

/** One round to search. */
export interface PlannedRound {
  /** Where its random numbers start. */
  readonly seed: number;
  /** Filters to search. */
  readonly filters: number;
}

/**
 * Every Nth round of a search of `filters` filters, from the shard's own on;
 * endless when `filters` is. All rounds cost about the same.
 *
 * @param first The seed of the first round of all.
 */
export function* roundsOf(
  { index, total }: Shard,
  first: number,
  filters: number,
): Generator<PlannedRound> {
  for (let round = index - 1; round * FILTERS_A_ROUND < filters; round += total) {
    yield {
      seed: (first + round) % 2 ** 31,
      filters: Math.min(FILTERS_A_ROUND, filters - round * FILTERS_A_ROUND),
    };
  }
}

/** How many filters those rounds have; `Infinity` for an endless search. */
export function filterCount(shard: Shard, filters: number): number {
  if (!Number.isFinite(filters)) return Infinity;
  return roundsOf(shard, 0, filters).reduce((sum, round) => sum + round.filters, 0);
}
