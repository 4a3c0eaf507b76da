/**
 * An MSR filter range in words.
 *
 * @module
 */
import { KVM_MSR_FILTER_READ, KVM_MSR_FILTER_WRITE } from "./abi/msr_filter.ts";
import { formatMsr } from "./abi/msr.ts";

/** `deny read IA32_SYSENTER_CS (0x174)`, `bitmap (3 of 64 allowed) write 0x0..0x3f`. */
export function describeRange(
  { base, count, flags, bitmap }: {
    readonly base: number;
    readonly count: number;
    readonly flags: number;
    readonly bitmap: Uint8Array;
  },
): string {
  let allowed = 0;
  for (let i = 0; i < count; i++) allowed += (bitmap[i >> 3]! >> (i & 7)) & 1;
  const verdict = allowed === 0
    ? "deny"
    : allowed === count
    ? "allow"
    : `bitmap (${allowed} of ${count} allowed)`;
  const kinds = [
    ...(flags & KVM_MSR_FILTER_READ ? ["read"] : []),
    ...(flags & KVM_MSR_FILTER_WRITE ? ["write"] : []),
  ].join("+");
  const span = count === 1
    ? formatMsr(base)
    : `0x${base.toString(16)}..0x${(base + count - 1).toString(16)}`;
  return `${verdict} ${kinds} ${span}`;
}
