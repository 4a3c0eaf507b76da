/**
 * What is known of an MSR, in words.
 *
 * @module
 */
import { OUTCOME_TEXT } from "./outcome.ts";
import { type BitMasks, bitsText, type ByKind, type MsrRecord } from "./record.ts";
import { hex } from "./windows.ts";

/** One thing that is known: what, and how it is. */
export type Aspect = readonly [what: string, how: string];

const BITS: readonly (readonly [keyof BitMasks, string])[] = [
  ["kept", "kept"],
  ["gp", "#GP by the CPU"],
  ["inval", "INVAL"],
  ["unknown", "UNKNOWN"],
  ["ended", "ended the guest"],
  ["refused", "#GP"],
];

/** Whether a read tells which of the bits that were written stayed. */
function showsBits({ value, volatile }: MsrRecord): boolean {
  return value !== undefined && volatile === undefined;
}

function bitsAspect(bits: BitMasks, shown: boolean): string {
  const kept = BigInt(bits.kept ?? 0);
  const other = BigInt(bits.done ?? 0) & ~kept;
  const parts = BITS.flatMap(([name, text]) => {
    const mask = bits[name];
    return mask === undefined ? [] : [`${bitsText(mask)}: ${text}`];
  });
  if (other === 0n) return parts.join("; ");
  const taken = `${bitsText(hex(other))}: ${shown ? "taken, not kept" : "taken"}`;
  return parts.toSpliced(kept === 0n ? 0 : 1, 0, taken).join("; ");
}

function byKind({ read, write }: ByKind, yes: string, no: string): string {
  const text = (is: boolean): string => is ? yes : no;
  if (read === write || write === undefined) {
    const which = write === undefined ? "reads" : "reads and writes";
    return read === undefined ? "not asked" : `${which} ${text(read)}`;
  }
  return read === undefined
    ? `writes ${text(write)}`
    : `reads ${text(read)}, writes ${text(write)}`;
}

/**
 * All that is known, in the order in which it was found out.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { aspectsOf } from "@trapline/trapline/sweep";
 *
 * const filterable = { read: true, write: false };
 * assertEquals(aspectsOf({ read: "inval", writeZero: "done", filterable }), [
 *   ["Read", "refused by KVM (INVAL)"],
 *   ["Write of 0", "done"],
 *   ["Filter", "reads can be denied, writes get past it"],
 * ]);
 * ```
 */
export function aspectsOf(record: MsrRecord): Aspect[] {
  const { read, value, volatile, writeBack, writeZero, bits } = record;
  const aspects: (Aspect | undefined)[] = [
    ["Read", OUTCOME_TEXT[read]],
    value === undefined ? undefined : ["Value", volatile ? `${value}, then another` : value],
    writeBack && ["Write of that value", OUTCOME_TEXT[writeBack]],
    writeZero && ["Write of 0", OUTCOME_TEXT[writeZero]],
    bits && ["Single bits", bitsAspect(bits, showsBits(record))],
    record.unrestored && ["Restored", "no: writing the value back did not bring it back"],
    record.filterable && ["Filter", byKind(record.filterable, "can be denied", "get past it")],
    record.passedThrough &&
    ["Pass-through", byKind(record.passedThrough, "make no exit", "exit")],
    record.leftOut === undefined ? undefined : ["Writes left out", record.leftOut],
  ];
  return aspects.filter((aspect) => aspect !== undefined);
}
