/**
 * From random filters to the smallest one on which KVM and the oracle disagree.
 *
 * @module
 */
import fc from "fast-check";
import { filterTrials } from "./filters.ts";
import type { Disagreement, FilterTrial } from "./disagreement.ts";
import type { MsrAccess } from "../walker.ts";
import type { FilterSearch } from "./search.ts";
import { SHRINKING_MS, smallerWithin } from "./shrinking.ts";

/** What is searched. */
export interface FindOptions {
  /** Where the random numbers start; the same seed gives the same filters. */
  readonly seed: number;
  /** How many filters. */
  readonly filters: number;
  /** Whether KVM's emulator performs the accesses; default false. */
  readonly forcedEmulation?: boolean;
  /** Asked before each filter whether the search goes on; by default it does. */
  readonly goesOn?: () => boolean;
}

/** What is searched: a {@linkcode FilterSearch}, or what compares as one does. */
export type TrialSearch = Pick<FilterSearch, "compare" | "compareWalk">;

/** Compares the accesses under the trial's filter. */
type Again = (
  trial: FilterTrial,
  accesses: readonly MsrAccess[],
) => Disagreement | undefined;

/** The accesses that it takes to see it. */
function accessesOf({ access, among }: Disagreement): readonly MsrAccess[] {
  return among ?? [access];
}

/** Leaves out accesses in front of the one in question, as long as something disagrees. */
function withoutNeedlessAccesses(again: Again, found: Disagreement): Disagreement {
  let smallest = found;
  for (let size = accessesOf(found).length >> 1; size > 0; size >>= 1) {
    for (let start = 0; start < accessesOf(smallest).length - 1;) {
      const accesses = accessesOf(smallest);
      const count = Math.min(size, accesses.length - 1 - start);
      const smaller = again(smallest.trial, accesses.toSpliced(start, count));
      if (smaller === undefined) start += size;
      else smallest = smaller;
    }
  }
  return smallest;
}

/** Leaves out slot after slot, as long as the disagreement stays. */
function withoutNeedlessSlots(again: Again, found: Disagreement): Disagreement {
  let smallest = found;
  for (let slot = found.trial.filter.ranges.length - 1; slot >= 0; slot--) {
    const { flags, ranges } = smallest.trial.filter;
    const fewer = ranges.toSpliced(slot, 1);
    // The kernel refuses a default of deny without ranges.
    if (flags === 1 && fewer.every(({ nmsrs }) => nmsrs === 0)) continue;
    const trial = { ...smallest.trial, filter: { flags, ranges: fewer } };
    smallest = again(trial, accessesOf(smallest)) ?? smallest;
  }
  return smallest;
}

/** Lets fast-check shrink the trial that it found, with only the accesses made that it takes. */
function shrink(
  search: TrialSearch,
  found: Disagreement,
  checkAgain: (predicate: (trial: FilterTrial) => boolean) => unknown,
): Disagreement {
  const step = smallerWithin(SHRINKING_MS);
  const again: Again = (trial, accesses) => step(() => search.compareWalk(trial, accesses));
  let smallest = withoutNeedlessAccesses(again, found);
  const accesses = accessesOf(smallest);
  checkAgain((trial) => {
    const smaller = again(trial, accesses);
    // The last one that fast-check sees is the smallest.
    smallest = smaller ?? smallest;
    return smaller === undefined;
  });
  return withoutNeedlessSlots(again, smallest);
}

/**
 * Searches random filters, and gives the smallest filter and the access of the
 * first disagreement.
 *
 * A guest that does not come to its end disagrees too. Steps on the way to the
 * smallest that fail in another way count as not smaller.
 *
 * @throws {KvmError} When the kernel refuses a filter that it must take.
 * @throws {NatureError} When KVM does what none without a filter may do.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 * import { FilterSearch, findDisagreement } from "@trapline/trapline/oracle";
 *
 * using kvm = Kvm.open();
 * using search = new FilterSearch(kvm, {
 *   accesses: 256,
 *   // On kvm_intel a write of IA32_TSC_DEADLINE is known to pass every filter.
 *   except: ({ kind, index }) => kind === "write" && index === 0x6e0,
 * });
 * assertEquals(findDisagreement(search, { seed: 7, filters: 2 }), undefined);
 * ```
 */
export function findDisagreement(
  search: TrialSearch,
  { seed, filters, forcedEmulation = false, goesOn = () => true }: FindOptions,
): Disagreement | undefined {
  const trials = filterTrials({ forcedEmulation, elsewhere: seed });
  let found: Disagreement | undefined;
  let isOver = false;
  const first = fc.check(
    fc.property(trials, (trial) => {
      isOver ||= !goesOn();
      return isOver || (found = search.compare(trial)) === undefined;
    }),
    { seed, numRuns: filters, endOnFailure: true },
  );
  const path = first.counterexamplePath;
  if (path === null) return undefined;
  // A failure without a disagreement is one of the search itself.
  if (found === undefined) throw first.errorInstance;
  return shrink(
    search,
    found,
    (predicate) => fc.check(fc.property(trials, predicate), { seed, path, numRuns: filters }),
  );
}
