/**
 * Whether the shards of a configuration make a whole.
 *
 * @module
 */
import type { DiedRun, FuzzRun, Shard, VerifyRun } from "./format.ts";

type Sharded = (VerifyRun | DiedRun) & { readonly shard: Shard };

/** Faults of the shards of one whole run. */
function wholeProblems(name: string, total: number, runs: readonly Sharded[]): string[] {
  const byIndex = Map.groupBy(runs, ({ shard }) => shard.index);
  const problems: string[] = [];
  for (let index = 1; index <= total; index++) {
    const parts = new Set(byIndex.get(index)?.map(({ shard }) => shard.selected.join()));
    if (parts.size === 0) problems.push(`${name}: shard ${index} of ${total} is missing`);
    if (parts.size > 1) {
      problems.push(`${name}: shard ${index} of ${total} was given different clauses`);
    }
  }
  // With a shard missing, its clauses are in none of the others.
  if (byIndex.size < total) return problems;
  const given = new Set(runs.flatMap(({ shard }) => shard.selected));
  const left = runs[0]!.selected?.filter((id) => !given.has(id)) ?? [];
  if (left.length > 0) problems.push(`${name}: no shard was given ${left.join(", ")}`);
  return problems;
}

/** What is missing or contradictory in the shards among `runs`, all of the configuration `name`. */
export function shardProblems(name: string, runs: readonly (VerifyRun | DiedRun)[]): string[] {
  const sharded = runs.filter((run): run is Sharded => run.shard !== undefined);
  const wholes = Map.groupBy(
    sharded,
    ({ shard, selected }) => JSON.stringify([shard.total, selected]),
  );
  return [
    ...(wholes.size > 1
      ? [`${name}: the shards are of ${wholes.size} runs with different clauses or totals`]
      : []),
    ...[...wholes.values()].flatMap((group) => wholeProblems(name, group[0]!.shard.total, group)),
  ];
}

/** Which parts of the divided searches among `runs`, all of the configuration `name`, are missing. */
export function searchProblems(name: string, runs: readonly FuzzRun[]): string[] {
  const divided = runs.flatMap(({ seed, execution, shard }) =>
    shard === undefined ? [] : [{ seed, execution, shard }]
  );
  const searches = Map.groupBy(
    divided,
    ({ seed, execution, shard }) => JSON.stringify([seed, execution, shard.total]),
  );
  return [...searches.values()].flatMap((parts) => {
    const { seed, shard: { total } } = parts[0]!;
    const there = new Set(parts.map(({ shard }) => shard.index));
    return Array.from({ length: total }, (_, i) => i + 1)
      .filter((index) => !there.has(index))
      .map((index) =>
        `${name}: part ${index} of ${total} of the search of seed ${seed} is missing`
      );
  });
}
