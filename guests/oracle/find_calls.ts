/**
 * From random raw calls to the fewest and smallest that KVM takes otherwise
 * than it must.
 *
 * @module
 */
import fc from "fast-check";
import type { Kvm } from "../../kvm/kvm.ts";
import { type CallDisagreement, CallSearch, type CallSearchOptions } from "./call_search.ts";
import { rawCalls } from "./calls.ts";
import type { RawCall } from "./refusals.ts";
import { SHRINKING_MS, smallerWithin } from "./shrinking.ts";

/** Calls in one sequence, at most. */
const LENGTH = 12;

/** What is searched. */
export interface FindCallsOptions extends CallSearchOptions {
  /** Where the random numbers start; the same seed gives the same calls. */
  readonly seed: number;
  /** How many sequences of calls, each on a VM of its own. */
  readonly sequences: number;
  /** Asked before each sequence whether the search goes on; by default it does. */
  readonly goesOn?: () => boolean;
}

/** What a search of raw calls came to. */
export interface CallFindings {
  /** Accesses that were compared after calls. */
  readonly compared: number;
  /** The fewest and smallest calls of the first disagreement, if there was one. */
  readonly disagreement: CallDisagreement | undefined;
}

type Again = (calls: readonly RawCall[]) => CallDisagreement | undefined;

/** What is left when one call, or one slot of a call, is left out: each way to do it. */
function* withoutOne(calls: readonly RawCall[]): Generator<RawCall[]> {
  for (let i = calls.length - 1; i >= 0; i--) yield calls.toSpliced(i, 1);
  for (const [i, call] of calls.entries()) {
    if (call.name !== "X86_SET_MSR_FILTER") continue;
    for (let slot = call.slots.length - 1; slot >= 0; slot--) {
      yield calls.with(i, { ...call, slots: call.slots.toSpliced(slot, 1) });
    }
  }
}

/** Leaves out what can be left out, as long as the disagreement stays. */
function withoutNeedless(found: CallDisagreement, again: Again): CallDisagreement {
  for (const fewer of withoutOne(found.calls)) {
    const smaller = again(fewer);
    if (smaller !== undefined) return withoutNeedless(smaller, again);
  }
  return found;
}

/**
 * Searches random raw calls, and gives the fewest and smallest of the first
 * disagreement.
 *
 * A guest that does not come to its end disagrees too. Steps on the way to the
 * smallest that fail in another way count as not smaller.
 *
 * @throws {KvmError} When the kernel refuses a step of the search itself.
 * @throws {NatureError} When KVM does what none without a filter may do.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 * import { findCallDisagreement } from "@trapline/trapline/oracle";
 *
 * using kvm = Kvm.open();
 * const order = { bitmapFirst: false }; // Linux from 5.14 on.
 * const { disagreement } = findCallDisagreement(kvm, {
 *   seed: 1,
 *   sequences: 1,
 *   order,
 *   // On kvm_intel a write of IA32_TSC_DEADLINE is known to pass every filter.
 *   except: ({ kind, index }) => kind === "write" && index === 0x6e0,
 * });
 * assertEquals(disagreement, undefined);
 * ```
 */
export function findCallDisagreement(kvm: Kvm, options: FindCallsOptions): CallFindings {
  const { seed, sequences, goesOn = () => true, ...how } = options;
  const sequence = fc.tuple(fc.array(rawCalls(), { maxLength: LENGTH }), fc.nat());
  let compared = 0;
  let found: CallDisagreement | undefined;
  let isOver = false;
  const first = fc.check(
    fc.property(sequence, ([calls, start]) => {
      isOver ||= !goesOn();
      if (isOver) return true;
      using search = new CallSearch(kvm, how);
      found = search.compare(calls, start);
      compared += search.compared;
      return found === undefined;
    }),
    { seed, numRuns: sequences, endOnFailure: true },
  );
  const path = first.counterexamplePath;
  if (path === null) return { compared, disagreement: undefined };
  // A failure without a disagreement is one of the search itself.
  if (found === undefined) throw first.errorInstance;

  const { access } = found;
  const accesses = access === undefined ? [] : access.among ?? [access.access];
  const step = smallerWithin(SHRINKING_MS);
  const again: Again = (calls) =>
    step(() => {
      using search = new CallSearch(kvm, how);
      const smaller = search.compareWalk(calls, accesses);
      // Of the same kind: not another call's errno in place of an access.
      return (smaller?.access === undefined) === (access === undefined) ? smaller : undefined;
    });
  let smallest: CallDisagreement | undefined;
  fc.check(
    fc.property(sequence, ([calls]) => {
      const smaller = again(calls);
      // The last one that fast-check sees is the smallest.
      smallest = smaller ?? smallest;
      return smaller === undefined;
    }),
    { seed, path, numRuns: sequences },
  );
  // What shows only among other accesses stays as it was found.
  const disagreement = smallest === undefined ? found : withoutNeedless(smallest, again);
  return { compared, disagreement };
}
