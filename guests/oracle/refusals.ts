/**
 * Which raw calls of the filter's ioctls the kernel must refuse, and with
 * which errno.
 *
 * @module
 */
import type { ErrnoName } from "../../kvm/abi/errno.ts";

/** Where a slot's bitmap lies. */
export type BitmapPlace =
  /** In memory that the kernel can read. */
  | "readable"
  /** At address 0, at one that is not mapped, or at one that no process can have. */
  | "null"
  | "unmapped"
  | "kernel"
  /** At the end of a mapping, its last byte beyond it. */
  | "cut";

/** One slot of a raw filter. */
export interface RawSlot {
  /** `kvm_msr_filter_range.flags`. */
  readonly flags: number;
  /** `nmsrs`. */
  readonly nmsrs: number;
  /** `base`. */
  readonly base: number;
  /** Where `bitmap` points to. */
  readonly place: BitmapPlace;
  /** What readable bitmaps are filled with. */
  readonly seed: number;
}

/** Where the argument of a call lies: where a bitmap can, or in the last bytes of a mapping. */
export type ArgumentPlace = BitmapPlace | "end";

/** What all calls have. */
export interface RawArgument {
  /** Where the argument lies; by default in memory that the kernel can read. */
  readonly argument?: ArgumentPlace;
  /** What the bytes between its members are filled with; by default, and for 0, with zeros. */
  readonly padding?: number;
}

/** One call of an ioctl with fields that nobody checked. */
export type RawCall =
  & RawArgument
  & (
    | {
      readonly name: "X86_SET_MSR_FILTER";
      readonly flags: number;
      readonly slots: readonly RawSlot[];
    }
    | { readonly name: "ENABLE_CAP"; readonly flags: number; readonly args: readonly bigint[] }
  );

/** In which order a kernel checks a slot. */
export interface CheckOrder {
  /** Whether it reads the bitmap before it looks at the flags, as 5.10 does. */
  readonly bitmapFirst: boolean;
}

const FILTER_FLAGS = 1;
const RANGE_FLAGS = 3;
const REASONS = 7n;
const MAX_MSRS = 0x600 * 8;

function slotRefusal(slot: RawSlot, { bitmapFirst }: CheckOrder): ErrnoName | undefined {
  const { flags, nmsrs, place } = slot;
  if (nmsrs === 0) return undefined;
  if (nmsrs > MAX_MSRS) return "EINVAL";
  const badFlags = flags === 0 || (flags & ~RANGE_FLAGS) !== 0;
  if (place === "readable") return badFlags ? "EINVAL" : undefined;
  return badFlags && !bitmapFirst ? "EINVAL" : "EFAULT";
}

/**
 * The errno that a call must fail with, `undefined` when it must succeed.
 * The slots are checked in their order; empty ones are not looked at, nor is
 * what lies between the members.
 *
 * Source: api.rst 4.97 and 7.21; `kvm_vm_ioctl_set_msr_filter()` of Linux.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { expectRefusal } from "@trapline/trapline/oracle";
 *
 * const order = { bitmapFirst: false };
 * assertEquals(expectRefusal({ name: "X86_SET_MSR_FILTER", flags: 1, slots: [] }, order), "EINVAL");
 * assertEquals(expectRefusal({ name: "ENABLE_CAP", flags: 0, args: [7n] }, order), undefined);
 * ```
 */
export function expectRefusal(call: RawCall, order: CheckOrder): ErrnoName | undefined {
  const { argument = "readable" } = call;
  if (argument !== "readable" && argument !== "end") return "EFAULT";
  if (call.name === "ENABLE_CAP") {
    const [mask = 0n] = call.args;
    return call.flags !== 0 || (mask | REASONS) !== REASONS ? "EINVAL" : undefined;
  }
  if ((call.flags & ~FILTER_FLAGS) !== 0) return "EINVAL";
  if (call.flags === 1 && call.slots.every(({ nmsrs }) => nmsrs === 0)) return "EINVAL";
  for (const slot of call.slots) {
    const refusal = slotRefusal(slot, order);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
