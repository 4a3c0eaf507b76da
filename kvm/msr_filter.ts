/**
 * MSR filters as values: readable ranges, checked before the kernel sees them.
 *
 * @module
 */
import {
  KVM_MSR_FILTER,
  KVM_MSR_FILTER_DEFAULT_ALLOW,
  KVM_MSR_FILTER_DEFAULT_DENY,
  KVM_MSR_FILTER_MAX_BITMAP_SIZE,
  KVM_MSR_FILTER_MAX_RANGES,
  KVM_MSR_FILTER_READ,
  KVM_MSR_FILTER_WRITE,
} from "./abi/msr_filter.ts";
import { msrBitmap, msrBitmapSize } from "./msr_bitmap.ts";
import { describeRange } from "./msr_filter_text.ts";
import { addressOf } from "./sys/libc.ts";

/** The kinds of access that a range governs. */
export type MsrAccessKind = "read" | "write" | "read-write";

/** The MSRs of a range: `count` of them from index `base` on. */
export interface MsrSpan {
  /** First MSR index. */
  readonly base: number;
  /** How many MSRs, 1 to 0x3000. */
  readonly count: number;
}

/** One range of a filter: deny all of it, allow all of it, or decide by a bitmap. */
export type MsrRange =
  | MsrSpan & { readonly deny: MsrAccessKind }
  | MsrSpan & { readonly allow: MsrAccessKind }
  | MsrSpan & {
    /** What the bitmap governs. */
    readonly access: MsrAccessKind;
    /** One bit an MSR, set to allow; see {@linkcode msrBitmap}. */
    readonly bitmap: Uint8Array;
  };

/** A filter in words. */
export interface MsrFilterSpec {
  /** What happens to an MSR in no range. */
  readonly default: "allow" | "deny";
  /** Up to 16 ranges; the first that matches decides. */
  readonly ranges?: readonly MsrRange[];
}

/** A filter as bytes for the kernel, and the bitmaps that its addresses point to. */
export interface EncodedMsrFilter {
  /** `struct kvm_msr_filter`, 392 bytes; the bitmaps live as long as these. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The memory behind the addresses. */
  readonly bitmaps: Uint8Array<ArrayBuffer>;
}

/** The most MSRs that one range can hold, `8 * KVM_MSR_FILTER_MAX_BITMAP_SIZE`. */
export const MAX_MSRS_PER_RANGE = 8 * KVM_MSR_FILTER_MAX_BITMAP_SIZE;

const FLAGS: Readonly<Record<MsrAccessKind, number>> = {
  "read": KVM_MSR_FILTER_READ,
  "write": KVM_MSR_FILTER_WRITE,
  "read-write": KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
};

interface CheckedRange extends MsrSpan {
  readonly flags: number;
  readonly bitmap: Uint8Array;
}

function checkRange(range: MsrRange, slot: number): CheckedRange {
  const { base, count } = range;
  const fail = (why: string): RangeError =>
    new RangeError(`Cannot build an MSR filter: range ${slot} ${why}`);
  if (!Number.isInteger(base) || base < 0 || base > 0xffff_ffff) {
    throw fail(`starts at ${base}, which is no 32-bit MSR index`);
  }
  if (!Number.isInteger(count) || count < 0) throw fail(`has ${count} MSRs`);
  if (count === 0) throw fail("is empty: the kernel would skip it");
  if (count > MAX_MSRS_PER_RANGE) {
    throw fail(`has ${count} MSRs: the kernel takes at most ${MAX_MSRS_PER_RANGE} (0x3000)`);
  }
  if (base + count > 0xffff_ffff) {
    throw fail(
      `ends at 2^32 or past it (0x${base.toString(16)} + ${count}): ` +
        "the kernel accepts such a range and never matches it",
    );
  }
  const kinds = ["deny" in range, "allow" in range, "bitmap" in range].filter(Boolean).length;
  if (kinds !== 1) {
    throw new TypeError(
      `Cannot build an MSR filter: range ${slot} must have one of "deny", "allow" and "bitmap"`,
    );
  }
  const access = "deny" in range ? range.deny : "allow" in range ? range.allow : range.access;
  const flags = FLAGS[access];
  if (flags === undefined) {
    throw new TypeError(
      `Cannot build an MSR filter: range ${slot} governs "${access}", ` +
        'not "read", "write" or "read-write"',
    );
  }
  if ("deny" in range) return { base, count, flags, bitmap: msrBitmap(count, []) };
  if ("allow" in range) {
    return { base, count, flags, bitmap: new Uint8Array(msrBitmapSize(count)).fill(0xff) };
  }
  const exact = Math.ceil(count / 8);
  if (range.bitmap.length !== exact && range.bitmap.length !== msrBitmapSize(count)) {
    throw fail(
      `has a bitmap of ${range.bitmap.length} bytes: ${count} MSRs take ${exact}, ` +
        `or ${msrBitmapSize(count)} in whole words`,
    );
  }
  return { base, count, flags, bitmap: range.bitmap.slice() };
}

/**
 * An MSR filter: what `KVM_X86_SET_MSR_FILTER` installs (api.rst 4.97). A
 * value: it does not change, and any number of VMs can be given it.
 *
 * @example Usage
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { Msr, MsrFilter } from "@trapline/trapline";
 *
 * const filter = new MsrFilter({
 *   default: "allow",
 *   ranges: [{ base: Msr.IA32_SYSENTER_CS, count: 1, deny: "read" }],
 * });
 * assertEquals(filter.toString(), "default allow; deny read IA32_SYSENTER_CS (0x174)");
 * assertThrows(() => new MsrFilter({ default: "deny" }), RangeError);
 * ```
 */
export class MsrFilter {
  /** Allows everything: the state before any filter was set. */
  static readonly ALLOW_ALL: MsrFilter = new MsrFilter({ default: "allow" });
  /**
   * Denies everything that a filter can deny. The kernel refuses a default of
   * deny without ranges, so one range repeats the denial for MSR 0.
   */
  static readonly DENY_ALL: MsrFilter = new MsrFilter({
    default: "deny",
    ranges: [{ base: 0, count: 1, deny: "read-write" }],
  });

  readonly #flags: number;
  readonly #ranges: readonly CheckedRange[];

  /**
   * Checks `spec`.
   *
   * @throws {RangeError} More than 16 ranges; an empty range; more than 0x3000
   * MSRs in a range; a range that reaches 2^32; a bitmap of the wrong length;
   * a default of deny without ranges.
   * @throws {TypeError} A default, or an access, that is not one of the words.
   */
  constructor(spec: MsrFilterSpec) {
    const ranges = spec.ranges ?? [];
    if (spec.default !== "allow" && spec.default !== "deny") {
      throw new TypeError(
        `Cannot build an MSR filter: the default is "${spec.default}", not "allow" or "deny"`,
      );
    }
    if (ranges.length > KVM_MSR_FILTER_MAX_RANGES) {
      throw new RangeError(
        `Cannot build an MSR filter: ${ranges.length} ranges, the kernel takes at most ` +
          `${KVM_MSR_FILTER_MAX_RANGES}`,
      );
    }
    if (spec.default === "deny" && ranges.length === 0) {
      throw new RangeError(
        "Cannot build an MSR filter: a default of deny needs a range, or the kernel refuses it " +
          "(use MsrFilter.DENY_ALL)",
      );
    }
    this.#flags = spec.default === "deny"
      ? KVM_MSR_FILTER_DEFAULT_DENY
      : KVM_MSR_FILTER_DEFAULT_ALLOW;
    this.#ranges = ranges.map(checkRange);
  }

  /** The filter's fields as the kernel names them, with copies of the bitmaps: what an oracle takes. */
  raw(): RawMsrFilter {
    const ranges = this.#ranges.map(({ flags, count, base, bitmap }) => ({
      flags,
      nmsrs: count,
      base,
      bitmap: bitmap.slice(),
    }));
    return { flags: this.#flags, ranges };
  }

  /** The filter as `struct kvm_msr_filter`, with every bitmap in whole 8-byte words. */
  encode(): EncodedMsrFilter {
    return encodeRawMsrFilter(this.raw());
  }

  /** The filter in one line. */
  toString(): string {
    return [
      `default ${this.#flags === KVM_MSR_FILTER_DEFAULT_DENY ? "deny" : "allow"}`,
      ...this.#ranges.map(describeRange),
    ].join("; ");
  }
}

/** One slot of a filter for the raw door. */
export interface RawMsrRange {
  /** `KVM_MSR_FILTER_READ`, `KVM_MSR_FILTER_WRITE`, both, or what the kernel should refuse. */
  readonly flags: number;
  /** MSRs in the bitmap. */
  readonly nmsrs: number;
  /** First MSR index. */
  readonly base: number;
  /** The bitmap: an address as it stands, or bytes to copy and point to. */
  readonly bitmap: bigint | Uint8Array;
}

/** A filter for the raw door: every field as it will lie in memory, nothing checked. */
export interface RawMsrFilter {
  /** `kvm_msr_filter.flags`. */
  readonly flags: number;
  /** The slots from 0 on. */
  readonly ranges: readonly RawMsrRange[];
}

/**
 * Lays a filter out as the kernel reads it, without checking anything.
 *
 * @throws {RangeError} When there are more than 16 ranges: the structure ends there.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeRawMsrFilter, IOCTL, Kvm } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const { bytes } = encodeRawMsrFilter({ flags: 0x80, ranges: [] });
 * assertEquals(vm.raw(IOCTL.X86_SET_MSR_FILTER, bytes), { result: -1, errno: 22 });
 * ```
 */
export function encodeRawMsrFilter(filter: RawMsrFilter): EncodedMsrFilter {
  if (filter.ranges.length > KVM_MSR_FILTER_MAX_RANGES) {
    throw new RangeError(`Cannot lay out ${filter.ranges.length} ranges: the structure has 16`);
  }
  const sizes = filter.ranges.map(({ bitmap }) =>
    typeof bitmap === "bigint" ? 0 : msrBitmapSize(8 * bitmap.length)
  );
  // One buffer for both: as long as the caller holds the structure, the
  // garbage collector cannot take the bitmaps that it points to.
  const buffer = new ArrayBuffer(sizes.reduce((sum, size) => sum + size, KVM_MSR_FILTER.size));
  const bytes = new Uint8Array(buffer, 0, KVM_MSR_FILTER.size);
  const bitmaps = new Uint8Array(buffer, KVM_MSR_FILTER.size);
  const address = addressOf(buffer) + BigInt(KVM_MSR_FILTER.size);
  let offset = 0;
  const ranges = filter.ranges.map(({ bitmap, ...range }, slot) => {
    if (typeof bitmap === "bigint") return { ...range, bitmap };
    bitmaps.set(bitmap, offset);
    const at = address + BigInt(offset);
    offset += sizes[slot]!;
    return { ...range, bitmap: at };
  });
  KVM_MSR_FILTER.write(new DataView(buffer), { flags: filter.flags, ranges });
  return { bytes, bitmaps };
}
