/**
 * One map of the maps that the shards of a sweep wrote.
 *
 * @module
 */
import { msrIndices, type MsrRecord, type MsrWindow } from "@trapline/trapline/sweep";
import { recordsOf, runsOf } from "../../guests/sweep/record.ts";
import { windowText } from "../../guests/sweep/windows.ts";
import type { SweepMap } from "./map.ts";
import { windowsOfIndices } from "./shard_windows.ts";

/** A map with the name of its file. */
export interface NamedMap {
  /** The file. */
  readonly name: string;
  /** What is in it. */
  readonly map: SweepMap;
}

/** What came of a merge. */
export interface Merged {
  /** The one map; a note in it says what it lacks. */
  readonly map: SweepMap;
  /** What no map has. */
  readonly missing: readonly MsrWindow[];
  /** The shards that no map is of, `3/8`. */
  readonly missingShards: readonly string[];
}

/** Maps that cannot be of one sweep. */
export class ContradictionError extends Error {
  override readonly name = "ContradictionError";
}

/** What must be the same in all maps. */
function commonOf({ host, part }: SweepMap): string {
  const shards = part?.shard.split("/")[1];
  return JSON.stringify([host.kernel, host.cpu, host.modules.toSorted(), shards, part?.of]);
}

function requireOneSweep(first: NamedMap, others: readonly NamedMap[]): void {
  for (const { name, map } of others) {
    if (commonOf(map) === commonOf(first.map)) continue;
    const { host: { kernel, cpu } } = map;
    throw new ContradictionError(
      `Cannot merge "${name}" (${kernel}, ${cpu}) with "${first.name}" (${first.map.host.kernel}, ` +
        `${first.map.host.cpu}): they are not parts of one sweep on one kind of host`,
    );
  }
}

function missingShardsOf(maps: readonly SweepMap[]): string[] {
  const there = new Set(maps.map(({ part }) => part?.shard));
  const count = Number(maps[0]!.part?.shard.split("/")[1] ?? 0);
  return Array.from({ length: count }, (_, i) => `${i + 1}/${count}`)
    .filter((shard) => !there.has(shard));
}

/**
 * Merges the maps of shards, or of ranges that were swept one by one.
 *
 * @throws {ContradictionError} When they are not of one sweep, or two have the same MSR.
 */
export function mergeMaps(first: NamedMap, ...others: readonly NamedMap[]): Merged {
  requireOneSweep(first, others);
  const all = [first, ...others];
  const records = new Map<number, MsrRecord>();
  const from = new Map<number, string>();
  for (const { name, map } of all) {
    for (const [index, record] of recordsOf(map)) {
      const other = from.get(index);
      if (other !== undefined) {
        throw new ContradictionError(
          `Cannot merge "${name}" with "${other}": both have ${
            windowText({ first: index, last: index })
          }`,
        );
      }
      records.set(index, record);
      from.set(index, name);
    }
  }
  const swept = [...records.keys()].toSorted((a, b) => a - b);
  const maps = all.map(({ map }) => map);
  const missing = windowsOfIndices(
    msrIndices(first.map.part?.of ?? []).filter((index) => !records.has(index)),
  );
  const notes = new Set(maps.flatMap(({ notes }) => notes));
  const missingShards = missingShardsOf(maps);
  if (missing.length > 0) notes.add(`Not swept, shards missing: ${missingShards.join(", ")}`);
  return {
    map: {
      host: first.map.host,
      made: maps.map(({ made }) => made).toSorted()[0]!,
      seconds: Math.round(maps.reduce((sum, { seconds }) => sum + seconds, 0) * 10) / 10,
      notes: [...notes],
      windows: windowsOfIndices(swept),
      runs: runsOf(new Map(swept.map((index) => [index, records.get(index)!]))),
    },
    missing,
    missingShards,
  };
}
