/**
 * The structures and flags of `KVM_X86_SET_MSR_FILTER` (api.rst 4.97) and of
 * `KVM_CAP_X86_USER_SPACE_MSR` (api.rst 7.21).
 *
 * @module
 */
import { struct, u32, u64 } from "./struct.ts";

/** The range governs reads. */
export const KVM_MSR_FILTER_READ = 1 << 0;
/** The range governs writes. */
export const KVM_MSR_FILTER_WRITE = 1 << 1;
/** An MSR in no range is allowed. */
export const KVM_MSR_FILTER_DEFAULT_ALLOW = 0;
/** An MSR in no range is denied. */
export const KVM_MSR_FILTER_DEFAULT_DENY = 1;
/** Ranges in one filter. */
export const KVM_MSR_FILTER_MAX_RANGES = 16;
/** Bytes in one range's bitmap, so 0x3000 MSRs. */
export const KVM_MSR_FILTER_MAX_BITMAP_SIZE = 0x600;

/** The MSR or the value is invalid for this vCPU. */
export const KVM_MSR_EXIT_REASON_INVAL = 1 << 0;
/** KVM does not know the MSR. */
export const KVM_MSR_EXIT_REASON_UNKNOWN = 1 << 1;
/** The filter denies the access. */
export const KVM_MSR_EXIT_REASON_FILTER = 1 << 2;

/** `struct kvm_msr_filter_range`. */
export const KVM_MSR_FILTER_RANGE = struct("kvm_msr_filter_range", 24, {
  flags: u32(0),
  nmsrs: u32(4),
  base: u32(8),
  bitmap: u64(16),
});

/** `struct kvm_msr_filter`; its 16 ranges start at byte 8. */
export const KVM_MSR_FILTER = struct("kvm_msr_filter", 392, {
  flags: u32(0),
  ranges: {
    offset: 8,
    size: KVM_MSR_FILTER_MAX_RANGES * KVM_MSR_FILTER_RANGE.size,
    get: (view: DataView, at: number) =>
      Array.from(
        { length: KVM_MSR_FILTER_MAX_RANGES },
        (_, i) => KVM_MSR_FILTER_RANGE.read(view, at + 8 + i * KVM_MSR_FILTER_RANGE.size),
      ),
    set: (view: DataView, at: number, ranges: readonly Partial<MsrFilterRangeBytes>[]) => {
      if (ranges.length > KVM_MSR_FILTER_MAX_RANGES) {
        throw new RangeError(
          `Cannot write ${ranges.length} ranges: ${KVM_MSR_FILTER_MAX_RANGES} fit`,
        );
      }
      ranges.forEach((range, i) =>
        KVM_MSR_FILTER_RANGE.write(view, range, at + 8 + i * KVM_MSR_FILTER_RANGE.size)
      );
    },
  },
});

/** One range as the kernel reads it; `bitmap` is a user-space address. */
export interface MsrFilterRangeBytes {
  /** `KVM_MSR_FILTER_READ`, `KVM_MSR_FILTER_WRITE`, or both. */
  flags: number;
  /** MSRs in the bitmap. */
  nmsrs: number;
  /** First MSR index. */
  base: number;
  /** Address of the bitmap. */
  bitmap: bigint;
}
