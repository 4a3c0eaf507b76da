/**
 * From random filters to the smallest one on which KVM and the oracle disagree.
 *
 * @module
 */
import fc from "fast-check";
import { filterTrials } from "./filters.ts";
import type { Disagreement, FilterSearch, FilterTrial } from "./search.ts";

/** What is searched. */
export interface FindOptions {
  /** Where the random numbers start; the same seed gives the same filters. */
  readonly seed: number;
  /** How many filters. */
  readonly filters: number;
  /** Whether KVM's emulator performs the accesses; default false. */
  readonly forcedEmulation?: boolean;
}

/** Leaves out slot after slot, as long as the disagreement stays. */
function withoutNeedlessSlots(search: FilterSearch, found: Disagreement): Disagreement {
  let smallest = found;
  for (let slot = found.trial.filter.ranges.length - 1; slot >= 0; slot--) {
    const { flags, ranges } = smallest.trial.filter;
    const fewer = ranges.toSpliced(slot, 1);
    // The kernel refuses a default of deny without ranges.
    if (flags === 1 && fewer.every(({ nmsrs }) => nmsrs === 0)) continue;
    const trial = { ...smallest.trial, filter: { flags, ranges: fewer } };
    smallest = search.compareOne(trial, smallest.access) ?? smallest;
  }
  return smallest;
}

/** Lets fast-check shrink the trial that it found, with only the one access made each time. */
function shrink(
  search: FilterSearch,
  found: Disagreement,
  again: (predicate: (trial: FilterTrial) => boolean) => unknown,
): Disagreement {
  let smallest: Disagreement | undefined;
  again((trial) => {
    const disagreement = search.compareOne(trial, found.access);
    // The last one that fast-check sees is the smallest.
    smallest = disagreement ?? smallest;
    return disagreement === undefined;
  });
  // What shows only among other accesses stays as it was found.
  return smallest === undefined ? found : withoutNeedlessSlots(search, smallest);
}

/**
 * Searches random filters, and gives the smallest filter and the access of the
 * first disagreement.
 *
 * @throws {KvmError} When the kernel refuses a filter that it must take.
 * @throws {GuestAssertionError} When the guest does not come to its end.
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
  search: FilterSearch,
  { seed, filters, forcedEmulation = false }: FindOptions,
): Disagreement | undefined {
  const trials = filterTrials({ forcedEmulation, elsewhere: seed });
  let found: Disagreement | undefined;
  const first = fc.check(
    fc.property(trials, (trial) => (found = search.compare(trial)) === undefined),
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
