/**
 * The difference between two sweeps.
 *
 * @module
 */
import { type Aspect, aspectsOf } from "./describe.ts";
import { kindOf } from "./kinds.ts";
import type { BitMasks, ByKind, MsrRecord } from "./record.ts";
import { hex, type MsrWindow } from "./windows.ts";

/** The classes of an MSR that is in two sweeps, with what they mean. */
export const CHANGES = {
  "appeared": "unknown to KVM in A, known in B",
  "gone": "known to KVM in A, unknown in B",
  "behaviour": "different in B",
  "value": "the same but for another value in B",
  "same": "the same in both",
  "unknown": "unknown to both",
} as const;

/** One of the classes. */
export type ChangeKind = keyof typeof CHANGES;

/** One thing that differs. */
export interface Difference {
  /** What: the name of an aspect. */
  readonly what: string;
  /** How it is in A. */
  readonly before: string;
  /** How it is in B. */
  readonly after: string;
}

/** MSRs one after the other that compare in the same way. */
export interface Change extends MsrWindow {
  /** Their class. */
  readonly kind: ChangeKind;
  /** What differs; nothing where nothing changed. */
  readonly differences: readonly Difference[];
  /** What is the same, for those that KVM knows. */
  readonly alike: readonly Aspect[];
}

/** Two sweeps side by side. */
export interface SweepComparison {
  /** What was swept in both, MSR by MSR. */
  readonly runs: readonly Change[];
  /** Those that differ. */
  readonly changes: readonly Change[];
  /** How many MSRs are in one of the sweeps only. */
  readonly onlyInOne: number;
}

/** Only the bits that both sweeps tried can be compared. */
function commonBits(bits: BitMasks, common: bigint): BitMasks {
  const parts = Object.entries(bits).flatMap(([name, mask]) => {
    const left = BigInt(mask) & common;
    return left === 0n ? [] : [[name, hex(left)]];
  });
  return Object.fromEntries(parts);
}

/** The bits as a sweep with the exits off sees them: it cannot tell who refuses them. */
function silently({ tried, done, kept, ended, ...refusals }: BitMasks): BitMasks {
  const refused = Object.values(refusals).reduce((mask, text) => mask | BigInt(text), 0n);
  return {
    tried,
    ...(done !== undefined && { done }),
    ...(kept !== undefined && { kept }),
    ...(ended !== undefined && { ended }),
    ...(refused !== 0n && { refused: hex(refused) }),
  };
}

/** Only the kinds of access that both sweeps asked can be compared. */
function commonKinds(of: ByKind | undefined, other: ByKind | undefined): ByKind | undefined {
  const entries = Object.entries(of ?? {})
    .filter(([kind]) => other?.[kind as keyof ByKind] !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function comparable(record: MsrRecord, other: MsrRecord): MsrRecord {
  const { bits, leftOut: _, filterable, passedThrough, ...rest } = record;
  const filter = commonKinds(filterable, other.filterable);
  const passed = commonKinds(passedThrough, other.passedThrough);
  const common = {
    ...rest,
    ...(filter !== undefined && { filterable: filter }),
    ...(passed !== undefined && { passedThrough: passed }),
  };
  if (bits === undefined || other.bits === undefined) return common;
  const isSilent = [bits, other.bits].some(({ refused }) => refused !== undefined);
  const tried = BigInt(bits.tried) & BigInt(other.bits.tried);
  return { ...common, bits: commonBits(isSilent ? silently(bits) : bits, tried) };
}

function compareRecords(before: MsrRecord, after: MsrRecord): Omit<Change, keyof MsrWindow> {
  const isVolatile = before.volatile || after.volatile;
  const old = new Map(aspectsOf(comparable(before, after)));
  const now = new Map(aspectsOf(comparable(after, before)));
  const differences: Difference[] = [];
  const alike: Aspect[] = [];
  for (const [what, text] of old) {
    const other = now.get(what);
    // What only one sweep asked is no difference: where it matters, the read differs too.
    if (other === undefined || (what === "Value" && isVolatile)) continue;
    if (other === text) alike.push([what, text]);
    else differences.push({ what, before: text, after: other });
  }
  const wasUnknown = kindOf(before) === "unknown";
  const isUnknown = kindOf(after) === "unknown";
  const kind = wasUnknown && isUnknown && differences.length === 0
    ? "unknown"
    : differences.length === 0
    ? "same"
    : wasUnknown && !isUnknown
    ? "appeared"
    : !wasUnknown && isUnknown
    ? "gone"
    : differences.every(({ what }) => what === "Value")
    ? "value"
    : "behaviour";
  return { kind, differences, alike };
}

/**
 * Compares the records of two sweeps, MSR by MSR, as far as both asked the same.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compareSweeps, type MsrRecord } from "@trapline/trapline/sweep";
 *
 * const before: MsrRecord = { read: "done", value: "0x0", writeZero: "done" };
 * const after: MsrRecord = { read: "done", value: "0x0", writeZero: "inval" };
 * const { changes } = compareSweeps(new Map([[0x174, before]]), new Map([[0x174, after]]));
 * assertEquals(changes[0]?.kind, "behaviour");
 * assertEquals(changes[0]?.differences, [
 *   { what: "Write of 0", before: "done", after: "refused by KVM (INVAL)" },
 * ]);
 * ```
 */
export function compareSweeps(
  before: ReadonlyMap<number, MsrRecord>,
  after: ReadonlyMap<number, MsrRecord>,
): SweepComparison {
  const runs: (Omit<Change, "last"> & { last: number })[] = [];
  let text = "";
  for (const index of [...before.keys()].toSorted((a, b) => a - b)) {
    const record = after.get(index);
    if (record === undefined) continue;
    const found = compareRecords(before.get(index)!, record);
    const again = JSON.stringify(found);
    const last = runs.at(-1);
    if (last !== undefined && last.last + 1 === index && again === text) last.last = index;
    else runs.push({ first: index, last: index, ...found });
    text = again;
  }
  const inBoth = runs.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return {
    runs,
    changes: runs.filter(({ differences }) => differences.length > 0),
    onlyInOne: before.size + after.size - 2 * inBoth,
  };
}
