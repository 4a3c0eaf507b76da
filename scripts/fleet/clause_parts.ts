/**
 * The clauses that a shard decides.
 *
 * @module
 */
import { shareEverywhere } from "./costs.ts";
import type { Shard } from "./shard.ts";
import { splitByCost } from "./split.ts";

/** Those of the clauses `ids` that `shard` decides, in the order given. */
export function clausesOf(
  { index, total }: Shard,
  ids: readonly string[],
  cost: (id: string) => number = shareEverywhere(),
): readonly string[] {
  const parts = splitByCost(ids.map((id) => ({ id, cost: cost(id) })), total);
  return parts[index - 1]!.map(({ id }) => id);
}
