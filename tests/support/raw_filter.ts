/**
 * Filters handed to the kernel by the raw door, as a program in C would.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  encodeRawMsrFilter,
  ERRNO,
  type ErrnoName,
  errnoName,
  IOCTL,
  KVM_MSR_FILTER_READ,
  KVM_MSR_FILTER_WRITE,
  msrBitmapSize,
  type RawMsrFilter,
  type RawResult,
  type Vm,
} from "@trapline/trapline";

/** One slot of a raw filter. */
export type RawRange = RawMsrFilter["ranges"][number];

/** READ and WRITE. */
export const BOTH = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE;

/** A slot without MSRs. */
export const HOLE: RawRange = { flags: 0, nmsrs: 0, base: 0, bitmap: 0n };

/** A slot that denies all of its MSRs. */
export function denying(base: number, nmsrs = 1, flags = BOTH): RawRange {
  return { flags, nmsrs, base, bitmap: new Uint8Array(msrBitmapSize(nmsrs)) };
}

/** A slot that allows all of its MSRs. */
export function allowing(base: number, nmsrs = 1, flags = BOTH): RawRange {
  return { flags, nmsrs, base, bitmap: new Uint8Array(msrBitmapSize(nmsrs)).fill(0xff) };
}

/** All 16 slots: those of `filled`, by slot number, and `rest` in the others. */
export function slots(filled: Readonly<Record<number, RawRange>>, rest = HOLE): RawRange[] {
  return Array.from({ length: 16 }, (_, slot) => filled[slot] ?? rest);
}

/** Calls `KVM_X86_SET_MSR_FILTER`. */
export function setRawFilter(vm: Vm, filter: RawMsrFilter): RawResult {
  return vm.raw(IOCTL.X86_SET_MSR_FILTER, encodeRawMsrFilter(filter).bytes);
}

/** `0`, or `-1 EINVAL (22)`. */
function describeResult({ result, errno }: RawResult): string {
  return result === -1 ? `-1 ${errnoName(errno)} (${errno})` : `${result}`;
}

/** Asserts that an ioctl returned 0. */
export function assertAccepted(result: RawResult, what: string): void {
  assertEquals(describeResult(result), "0", what);
}

/** Asserts that an ioctl failed with `errno`. */
export function assertRefused(result: RawResult, errno: ErrnoName, what: string): void {
  assertEquals(describeResult(result), `-1 ${errno} (${ERRNO[errno]})`, what);
}
