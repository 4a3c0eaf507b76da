/**
 * The oracle and the search: a model of what the documentation promises of
 * MSR filters, and random filters under which KVM is compared with it.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 * import { FilterSearch, findDisagreement, formatDisagreement } from "@trapline/trapline/oracle";
 *
 * using kvm = Kvm.open();
 * using search = new FilterSearch(kvm, {
 *   accesses: 256,
 *   // On kvm_intel a write of IA32_TSC_DEADLINE is known to pass every filter.
 *   except: ({ kind, index }) => kind === "write" && index === 0x6e0,
 * });
 * const found = findDisagreement(search, { seed: 1, filters: 3 });
 * assertEquals(found, undefined, found && formatDisagreement(found));
 * ```
 *
 * @module
 */
export type { Arbitrary } from "fast-check";
export { disagreementAsTest } from "./reproduction.ts";
export { type CallDisagreement, CallSearch, type CallSearchOptions } from "./call_search.ts";
export { callDisagreementAsTest } from "./call_reproduction.ts";
export { type CallFindings, findCallDisagreement, type FindCallsOptions } from "./find_calls.ts";
export { rawCalls } from "./calls.ts";
export { filterTrials, msrFilters } from "./filters.ts";
export {
  type AccessVerdict,
  type AskedAccess,
  expectVerdict,
  filterAllows,
  type MsrNature,
} from "./model.ts";
export { findDisagreement, type FindOptions, type TrialSearch } from "./find.ts";
export { EDGE_INDICES } from "./probes.ts";
export { specAllows } from "./spec_model.ts";
export {
  type ArgumentPlace,
  type BitmapPlace,
  type CheckOrder,
  expectRefusal,
  type RawArgument,
  type RawCall,
  type RawSlot,
} from "./refusals.ts";
export { NatureError } from "./natures.ts";
export { FilterSearch, type FilterSearchOptions } from "./search.ts";
export {
  type Disagreement,
  type FilterTrial,
  formatDisagreement,
  type MetNature,
} from "./disagreement.ts";
