/**
 * What a sweep learns of one MSR.
 *
 * @module
 */
import type { Outcome } from "./outcome.ts";
import { hex, type MsrWindow } from "./windows.ts";

/** What came of writing single bits, as masks of 64 bits in hexadecimal; an empty one is left out. */
export interface BitMasks {
  /** The bits that were written, each by itself. */
  readonly tried: string;
  /** Writes that were taken. */
  readonly done?: string;
  /** Of those, the bits that a read then showed. */
  readonly kept?: string;
  /** Writes that ended in a #GP by the CPU. */
  readonly gp?: string;
  /** Writes that KVM refused as invalid. */
  readonly inval?: string;
  /** Writes to what KVM does not know. */
  readonly unknown?: string;
  /** Writes that the guest did not get past. */
  readonly ended?: string;
  /** Writes that ended in a #GP, the exits being off, so that nothing more is known. */
  readonly refused?: string;
}

/** What an access of each kind did; a kind that was not asked is left out. */
export interface ByKind {
  /** Of reads. */
  readonly read?: boolean;
  /** Of writes. */
  readonly write?: boolean;
}

/** What is known of one MSR. */
export interface MsrRecord {
  /** What a read gives. */
  readonly read: Outcome;
  /** The value that was read, in hexadecimal. */
  readonly value?: string;
  /** Two reads gave two values. */
  readonly volatile?: true;
  /** What writing back that value gives. */
  readonly writeBack?: Outcome;
  /** What writing 0 gives. */
  readonly writeZero?: Outcome;
  /** What writing each single bit gives. */
  readonly bits?: BitMasks;
  /** After all writes, writing the value back did not bring it back. */
  readonly unrestored?: true;
  /** Whether a filter that denies everything denies it. */
  readonly filterable?: ByKind;
  /** Whether the access is made without an exit, when no filter denies it. */
  readonly passedThrough?: ByKind;
  /** Why writes were left out. */
  readonly leftOut?: string;
}

/** MSRs one after the other of which the same is known. */
export interface MsrRun extends MsrWindow {
  /** What is known of each. */
  readonly record: MsrRecord;
}

/** Joins MSRs of which the same is known; `records` are in the order of the indices. */
export function runsOf(records: ReadonlyMap<number, MsrRecord>): MsrRun[] {
  const runs: { first: number; last: number; record: MsrRecord }[] = [];
  let text = "";
  for (const [index, record] of records) {
    const before = runs.at(-1);
    const now = JSON.stringify(record);
    if (before !== undefined && before.last + 1 === index && now === text) before.last = index;
    else runs.push({ first: index, last: index, record });
    text = now;
  }
  return runs;
}

/** The records of runs by index. */
export function recordsOf({ runs }: { readonly runs: readonly MsrRun[] }): Map<number, MsrRecord> {
  const records = new Map<number, MsrRecord>();
  for (const { first, last, record } of runs) {
    for (let index = first; index <= last; index++) records.set(index, record);
  }
  return records;
}

/** A mask as it stands in {@linkcode BitMasks}; nothing when it is empty. */
export function maskText(bits: readonly number[]): string | undefined {
  return bits.length === 0
    ? undefined
    : hex(bits.reduce((mask, bit) => mask | 1n << BigInt(bit), 0n));
}

/** The bits of a mask in words: `0-7, 63`. */
export function bitsText(mask: string): string {
  const value = BigInt(mask);
  const spans: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    if ((value >> BigInt(bit) & 1n) === 0n) continue;
    const first = bit;
    while (bit < 63 && (value >> BigInt(bit + 1) & 1n) === 1n) bit++;
    spans.push(first === bit ? `${bit}` : `${first}-${bit}`);
  }
  return spans.join(", ");
}
