/**
 * The part of a matrix that a shard does: configurations times clauses.
 *
 * @module
 */
import { millisecondsAt } from "../fleet/costs.ts";
import type { Shard } from "../fleet/shard.ts";
import { costOf, type Piece, splitByCost } from "../fleet/split.ts";
import type { Configuration } from "./configuration.ts";

/** Clauses to decide at one configuration. */
export interface Assignment {
  /** Where. */
  readonly configuration: Configuration;
  /** Which, by their ids. */
  readonly ids: readonly string[];
}

/** What is done without a break: some clauses of one configuration. */
interface Slice extends Piece, Assignment {}

/** Milliseconds until a sandbox decides its first clause. */
const BOOT_MS = { host: 1_000, amd: 14_000, intel: 35_000 } as const;

function slicesOf(configuration: Configuration, ids: readonly string[], count: number): Slice[] {
  const place = "vendor" in configuration ? configuration.vendor : "host";
  const cost = millisecondsAt(place);
  return splitByCost(ids.map((id) => ({ id, cost: cost(id) })), count)
    .filter((part) => part.length > 0)
    .map((part, i) => ({
      id: `${configuration.name} ${String(i).padStart(5, "0")}`,
      cost: BOOT_MS[place] + costOf(part),
      configuration,
      ids: part.map(({ id }) => id),
    }));
}

/** The slices of one configuration as one assignment. */
function joined(slices: readonly Slice[], ids: readonly string[]): Assignment {
  const chosen = new Set(slices.flatMap((slice) => slice.ids));
  return { configuration: slices[0]!.configuration, ids: ids.filter((id) => chosen.has(id)) };
}

/**
 * What each of `count` shards does. Each slice costs another start of a
 * sandbox, so that a configuration is cut into no more slices than it takes for
 * the longest shard to be the shortest.
 */
export function assignments(
  configurations: readonly Configuration[],
  ids: readonly string[],
  count: number,
): readonly (readonly Assignment[])[] {
  let best: readonly (readonly Slice[])[] = [];
  let shortest = Infinity;
  for (let cut = 1; cut <= count; cut++) {
    const slices = configurations.flatMap((configuration) => slicesOf(configuration, ids, cut));
    const shards = splitByCost(slices, count);
    const longest = Math.max(...shards.map(costOf));
    if (longest < shortest) [best, shortest] = [shards, longest];
  }
  return best.map((slices) =>
    [...Map.groupBy(slices, ({ configuration }) => configuration.name).values()]
      .map((group) => joined(group, ids))
  );
}

/** A shard's part of one configuration. */
export interface Part extends Assignment {
  /** Which of the parts of this configuration it is. */
  readonly shard: Shard;
}

/**
 * What `shard` does. The parts of a configuration are numbered among
 * themselves, for not every shard has one.
 */
export function partsOf(
  { index, total }: Shard,
  configurations: readonly Configuration[],
  ids: readonly string[],
): readonly Part[] {
  const shards = assignments(configurations, ids, total);
  const has = (shard: readonly Assignment[], name: string): boolean =>
    shard.some(({ configuration }) => configuration.name === name);
  return shards[index - 1]!.map((assignment) => {
    const { name } = assignment.configuration;
    const before = shards.slice(0, index - 1).filter((shard) => has(shard, name)).length;
    const all = shards.filter((shard) => has(shard, name)).length;
    return { ...assignment, shard: { index: before + 1, total: all } };
  });
}
