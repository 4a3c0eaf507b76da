/**
 * The two maps by which a hypervisor says which MSR accesses of its guest it
 * intercepts: a set bit intercepts. MSRs that a map does not cover are always intercepted.
 *
 * @module
 */
import type { MsrAccessKind } from "../../kvm/msr_filter.ts";

/** A bit of a map, counted from the map's first. */
type MapBit = (index: number, kind: "read" | "write") => number | undefined;

/**
 * The MSR permission map of SVM (APM volume 2, section 15.11): two bits an
 * MSR, read and write, in three ranges of 2 KiB each.
 */
export function msrpmBit(index: number, kind: "read" | "write"): number | undefined {
  const ranges = [0, 0xc000_0000, 0xc001_0000];
  const range = ranges.findIndex((first) => index >= first && index < first + 0x2000);
  if (range === -1) return undefined;
  return range * 0x4000 + (index - ranges[range]!) * 2 + (kind === "write" ? 1 : 0);
}

/**
 * The MSR bitmaps of VMX (SDM volume 3, section 25.6.9): one bit an MSR, in
 * four bitmaps of 1 KiB each: reads of low and high MSRs, writes of low and high MSRs.
 */
export function vmxMsrBitmapBit(index: number, kind: "read" | "write"): number | undefined {
  const ranges = [0, 0xc000_0000];
  const range = ranges.findIndex((first) => index >= first && index < first + 0x2000);
  if (range === -1) return undefined;
  return ((kind === "write" ? 2 : 0) + range) * 0x2000 + (index - ranges[range]!);
}

/** Sets or clears the bits of `index` in `map`; none where the map does not cover it. */
export function setMapBits(
  map: Uint8Array,
  bitOf: MapBit,
  index: number,
  kind: MsrAccessKind,
  intercept: boolean,
): void {
  for (const each of ["read", "write"] as const) {
    if (kind !== each && kind !== "read-write") continue;
    const bit = bitOf(index, each);
    if (bit === undefined) continue;
    const mask = 1 << (bit & 7);
    const byte = map[bit >>> 3]!;
    map[bit >>> 3] = intercept ? byte | mask : byte & ~mask;
  }
}
