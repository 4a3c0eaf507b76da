/**
 * The steps of a sweep, and how far the whole of it is at each.
 *
 * @module
 */

/** One of the steps. */
export type SweepStep =
  | "reads"
  | "reads again"
  | "writes"
  | "bits of unknown MSRs"
  | "single bits"
  | "what stayed"
  | "filter"
  | "exits counted";

/** The steps in their order, and about how many hundredths of the time each takes. */
const SHARES: Readonly<Record<SweepStep, number>> = {
  "reads": 15,
  "reads again": 1,
  "writes": 10,
  "bits of unknown MSRs": 30,
  "single bits": 15,
  "what stayed": 1,
  "filter": 20,
  "exits counted": 8,
};

/** How many times longer it takes to write all bits of unknown MSRs. */
const ALL_BITS_FACTOR = 16;

/**
 * How far a sweep is, from 0 to 1, when `done` of `total` of `step` are done.
 *
 * @param allBits Whether all 64 bits are written to MSRs that KVM does not know.
 */
export function partOfSweep(
  step: SweepStep,
  { done, total, allBits }: {
    readonly done: number;
    readonly total: number;
    readonly allBits: boolean;
  },
): number {
  const shares = Object.entries(SHARES).map(([name, share]): [string, number] => [
    name,
    allBits && name === "bits of unknown MSRs" ? share * ALL_BITS_FACTOR : share,
  ]);
  const at = shares.findIndex(([name]) => name === step);
  const sum = (list: typeof shares): number => list.reduce((sum, [, share]) => sum + share, 0);
  const [, share] = shares[at]!;
  return (sum(shares.slice(0, at)) + share * (total === 0 ? 1 : done / total)) / sum(shares);
}
