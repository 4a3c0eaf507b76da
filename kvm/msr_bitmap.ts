/**
 * The bitmap of an MSR filter range: bit `i & 7` of byte `i >> 3` is MSR
 * `base + i`; set means allowed (api.rst 4.97).
 *
 * @module
 */

/**
 * Bytes that KVM reads for `count` MSRs: whole `unsigned long`s of 8 bytes.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { msrBitmapSize } from "@trapline/trapline";
 *
 * assertEquals([msrBitmapSize(1), msrBitmapSize(64), msrBitmapSize(65)], [8, 8, 16]);
 * ```
 */
export function msrBitmapSize(count: number): number {
  return Math.ceil(count / 64) * 8;
}

/**
 * A bitmap for `count` MSRs in which just the `allowed` offsets are set.
 *
 * @param count MSRs in the range.
 * @param allowed Offsets from the range's base.
 * @throws {RangeError} When an offset is not below `count`.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { msrBitmap } from "@trapline/trapline";
 *
 * assertEquals(msrBitmap(12, [0, 9]), Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 0));
 * ```
 */
export function msrBitmap(count: number, allowed: Iterable<number>): Uint8Array<ArrayBuffer> {
  const bitmap = new Uint8Array(msrBitmapSize(count));
  for (const offset of allowed) {
    if (!Number.isInteger(offset) || offset < 0 || offset >= count) {
      throw new RangeError(`Cannot allow offset ${offset}: the range has ${count} MSRs`);
    }
    bitmap[offset >> 3]! |= 1 << (offset & 7);
  }
  return bitmap;
}
