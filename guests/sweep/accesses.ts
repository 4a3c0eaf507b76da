/**
 * The accesses of a sweep: which are made to an MSR, and what is learned of them.
 *
 * @module
 */
import type { MsrAccess, WalkedAccess } from "../walker.ts";
import { dangerOf } from "./dangers.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { type BitMasks, maskText, type MsrRecord } from "./record.ts";

/** What may be written to an MSR. */
export type Permission = "anything" | "value-read" | "nothing";

/** What may be written to an MSR that was read so. */
export function permissionOf(
  index: number,
  { read }: MsrRecord,
  dangerous: boolean,
): { readonly permission: Permission; readonly why?: string } {
  const danger = dangerous ? undefined : dangerOf(index, read === "done");
  if (danger === undefined) return { permission: "anything" };
  const isReadBack = danger.writes === "value-read" && read === "done";
  return { permission: isReadBack ? "value-read" : "nothing", why: danger.why };
}

/** A read. */
export function read(index: number): MsrAccess {
  return { kind: "read", index };
}

/** A write. */
export function write(index: number, value: bigint): MsrAccess {
  return { kind: "write", index, value };
}

/** The write of the value that was read, of zero, and of the value again to restore it. */
export function plainWrites(
  index: number,
  { value }: MsrRecord,
  permission: Permission,
): MsrAccess[] {
  if (permission === "nothing") return [];
  if (value === undefined) return [write(index, 0n)];
  const same = write(index, BigInt(value));
  return permission === "anything" ? [same, write(index, 0n), same] : [same];
}

/** What {@linkcode plainWrites} gave. */
export function plainOutcomes(
  { value }: MsrRecord,
  permission: Permission,
  walked: readonly WalkedAccess[] | undefined,
): Pick<MsrRecord, "writeBack" | "writeZero"> {
  if (permission === "nothing") return {};
  const at = (i: number): Outcome => outcomeOf(walked?.[i]);
  if (value === undefined) return { writeZero: at(0) };
  return { writeBack: at(0), ...(permission === "anything" && { writeZero: at(1) }) };
}

/** All bits, from the highest: many an MSR has its lock in bit 0. */
export const ALL_BITS: readonly number[] = Array.from({ length: 64 }, (_, i) => 63 - i);

/** Some bits for MSRs that KVM does not seem to know: the ends of both halves. */
export const SAMPLED_BITS: readonly number[] = [63, 32, 31, 0];

/** The write of one bit; where the MSR can be read, with a read and the write of its value. */
export function bitWrites(index: number, { value }: MsrRecord, bit: number): MsrAccess[] {
  const wanted = write(index, 1n << BigInt(bit));
  return value === undefined ? [wanted] : [wanted, read(index), write(index, BigInt(value))];
}

/**
 * What {@linkcode bitWrites} gave for each of `bits`, the exits for unknown
 * and invalid accesses being on.
 */
export function bitOutcomes(
  { volatile }: MsrRecord,
  bits: readonly number[],
  answers: readonly (readonly WalkedAccess[] | undefined)[],
): BitMasks {
  const having = (wanted: Outcome): number[] =>
    bits.filter((_, i) => outcomeOf(answers[i]?.[0]) === wanted);
  const kept = bits.filter((bit, i) => {
    if (volatile) return false; // A counter shows any bit.
    const shown = answers[i]?.[1]?.value;
    return shown !== undefined && (shown >> BigInt(bit) & 1n) === 1n;
  });
  const done = having("done");
  return masks({
    tried: bits,
    done,
    kept: kept.filter((bit) => done.includes(bit)),
    gp: having("gp"),
    inval: having("inval"),
    unknown: having("unknown"),
    ended: having("ended"),
  });
}

/** What {@linkcode bitWrites} gave, the exits being off; nothing when a write was taken. */
export function silentBitOutcomes(
  bits: readonly number[],
  walked: readonly WalkedAccess[],
): BitMasks | undefined {
  const isRefused = walked.every(({ fault }) => fault !== undefined);
  return isRefused ? masks({ tried: bits, refused: bits }) : undefined;
}

function masks(bits: Readonly<Record<string, readonly number[]>>): BitMasks {
  const texts = Object.entries(bits).flatMap(([name, list]) => {
    const text = maskText(list);
    return text === undefined ? [] : [[name, text]];
  });
  return Object.fromEntries(texts);
}
