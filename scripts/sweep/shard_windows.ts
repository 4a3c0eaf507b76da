/**
 * The windows of a shard's part of a sweep.
 *
 * @module
 */
import { msrIndices, type MsrWindow } from "@trapline/trapline/sweep";
import type { Shard } from "../fleet/shard.ts";

/**
 * MSRs that are dealt together. What takes the time, the MSRs that KVM knows,
 * stands in clusters: of 8 shards, the dearest has 4 % more than its share with
 * 4 together, 7 % with 16, and 36 % with 64.
 */
const DEALT_TOGETHER = 4;

/** Joins `indices`, which go up, to windows. */
export function windowsOfIndices(indices: readonly number[]): MsrWindow[] {
  const windows: { first: number; last: number }[] = [];
  for (const index of indices) {
    const before = windows.at(-1);
    if (before !== undefined && before.last + 1 === index) before.last = index;
    else windows.push({ first: index, last: index });
  }
  return windows;
}

/** The part of `windows` that `shard` sweeps: 4 MSRs for each in turn. */
export function windowsOfShard(
  { index, total }: Shard,
  windows: readonly MsrWindow[],
): MsrWindow[] {
  const mine = msrIndices(windows)
    .filter((_, at) => Math.floor(at / DEALT_TOGETHER) % total === index - 1);
  return windowsOfIndices(mine);
}
