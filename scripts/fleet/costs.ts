/**
 * What each clause is expected to take, from `costs.json`, where every machine
 * reads the same.
 *
 * @module
 */
import table from "./costs.json" with { type: "json" };

/** The places whose times are in the table. */
export const PLACES = ["host", "amd", "intel"] as const;

/** One of them: this host's own KVM, or the sandbox of a vendor. */
export type CostPlace = typeof PLACES[number];

/** Milliseconds by clause, then by place. */
export type CostTable = Readonly<Record<string, Readonly<Partial<Record<CostPlace, number>>>>>;

/** A clause that takes less still has to be set up. */
const LEAST_MS = 1;

function timesAt(place: CostPlace, costs: CostTable): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const [id, cost] of Object.entries(costs)) {
    const milliseconds = cost[place];
    if (milliseconds !== undefined) times.set(id, Math.max(milliseconds, LEAST_MS));
  }
  return times;
}

function median(values: Iterable<number>): number {
  const sorted = [...values].toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? LEAST_MS;
}

/** The milliseconds that a clause takes at `place`; of one that the table lacks, the median. */
export function millisecondsAt(
  place: CostPlace,
  costs: CostTable = table,
): (id: string) => number {
  const times = timesAt(place, costs);
  const usual = median(times.values());
  return (id) => times.get(id) ?? usual;
}

/**
 * The cost of a clause wherever it is decided: its share of the time of all
 * clauses, added up over the places. A part that is cheap by it is cheap
 * everywhere, and a machine need not know where the others run.
 */
export function shareEverywhere(costs: CostTable = table): (id: string) => number {
  const places = PLACES.map((place) => {
    const total = [...timesAt(place, costs).values()].reduce((sum, time) => sum + time, 0);
    return { milliseconds: millisecondsAt(place, costs), total: Math.max(total, LEAST_MS) };
  });
  return (id) => places.reduce((sum, { milliseconds, total }) => sum + milliseconds(id) / total, 0);
}
