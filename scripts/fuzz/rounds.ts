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

/** How many rounds that are; `Infinity` for an endless search. */
export function roundCount({ index, total }: Shard, filters: number): number {
  return Math.max(0, Math.ceil((Math.ceil(filters / FILTERS_A_ROUND) - (index - 1)) / total));
}
