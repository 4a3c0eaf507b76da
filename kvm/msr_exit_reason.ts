/**
 * The reasons of `KVM_CAP_X86_USER_SPACE_MSR` (api.rst 7.21) by name.
 *
 * @module
 */
import {
  KVM_MSR_EXIT_REASON_FILTER,
  KVM_MSR_EXIT_REASON_INVAL,
  KVM_MSR_EXIT_REASON_UNKNOWN,
} from "./abi/msr_filter.ts";

/** Why an MSR access came to user space: `KVM_MSR_EXIT_REASON_*`. */
export type MsrExitReason = "inval" | "unknown" | "filter";

const BITS: Readonly<Record<MsrExitReason, number>> = {
  inval: KVM_MSR_EXIT_REASON_INVAL,
  unknown: KVM_MSR_EXIT_REASON_UNKNOWN,
  filter: KVM_MSR_EXIT_REASON_FILTER,
};

/** All reasons, in the order of their bits. */
export const MSR_EXIT_REASONS: readonly MsrExitReason[] = ["inval", "unknown", "filter"];

/**
 * The mask that names `reasons`.
 *
 * @throws {TypeError} When a reason is not one of the three words.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { msrExitReasonMask } from "@trapline/trapline";
 *
 * assertEquals(msrExitReasonMask(["inval", "filter"]), 0b101);
 * ```
 */
export function msrExitReasonMask(reasons: readonly MsrExitReason[]): number {
  let mask = 0;
  for (const reason of reasons) {
    const bit = BITS[reason];
    if (bit === undefined) {
      throw new TypeError(
        `Cannot enable the MSR exit reason "${reason}": not one of ${MSR_EXIT_REASONS.join(", ")}`,
      );
    }
    mask |= bit;
  }
  return mask;
}

function nameBits(mask: number): readonly string[] {
  const names: string[] = MSR_EXIT_REASONS.filter((reason) => mask & BITS[reason]);
  const unknown = (mask & ~msrExitReasonMask(MSR_EXIT_REASONS)) >>> 0;
  return Object.freeze(unknown === 0 ? names : [...names, `0x${unknown.toString(16)}`]);
}

// The eight masks of today, named once: decoding an exit then allocates nothing.
const KNOWN = Array.from({ length: 8 }, (_, mask) => nameBits(mask));

/** The names of the bits of `mask`; bits without a name are kept as one hexadecimal number. */
export function msrExitReasonNames(mask: number): readonly string[] {
  return KNOWN[mask] ?? nameBits(mask);
}
