/**
 * The difference between two maps.
 *
 * @module
 */
import { compareSweeps, type SweepComparison } from "@trapline/trapline/sweep";
import { recordsOf } from "../../guests/sweep/record.ts";
import type { SweepMap } from "./map.ts";

/** Two maps side by side. */
export interface Comparison extends SweepComparison {
  /** The first map. */
  readonly before: SweepMap;
  /** The second map. */
  readonly after: SweepMap;
}

/** Compares two maps, MSR by MSR, as far as both were swept. */
export function compareMaps(before: SweepMap, after: SweepMap): Comparison {
  return { before, after, ...compareSweeps(recordsOf(before), recordsOf(after)) };
}

/** What is to be said of one of the maps and not of the other, `A: ...`. */
export function differentNotes({ before, after }: Comparison): string[] {
  const only = (which: string, map: SweepMap, other: SweepMap): string[] =>
    map.notes.filter((note) => !other.notes.includes(note)).map((note) => `${which}: ${note}`);
  return [...only("A", before, after), ...only("B", after, before)];
}
