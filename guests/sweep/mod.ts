/**
 * The sweep: what every MSR does on a KVM, and what changed from one KVM to another.
 *
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 * import { compareSweeps, msrIndices, sweepMsrs } from "@trapline/trapline/sweep";
 *
 * using kvm = Kvm.open();
 * const indices = msrIndices([{ first: 0x170, last: 0x17f }]);
 * const { records } = sweepMsrs(kvm, indices);
 * for (const [index, { filterable }] of records) {
 *   assert(filterable?.read, `A filter does not stop reads of 0x${index.toString(16)}`);
 * }
 * assertEquals(compareSweeps(records, records).changes, []);
 * ```
 *
 * @module
 */
export { type Aspect, aspectsOf } from "./describe.ts";
export {
  type Change,
  type ChangeKind,
  CHANGES,
  compareSweeps,
  type Difference,
  type SweepComparison,
} from "./compare.ts";
export { type Danger, dangerOf, DANGERS } from "./dangers.ts";
export { kindOf, KINDS, type MsrKind } from "./kinds.ts";
export { type MsrSweep, sweepMsrs, type SweepOptions } from "./measure.ts";
export type { Outcome } from "./outcome.ts";
export type { BitMasks, ByKind, MsrRecord } from "./record.ts";
export type { SweepStep } from "./steps.ts";
export { MSR_WINDOWS, msrIndices, type MsrWindow } from "./windows.ts";
