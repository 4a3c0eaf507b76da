/**
 * The argument of a raw call: its padding, and where it is handed over from.
 *
 * @module
 */
import { KVM_ENABLE_CAP_ARGS } from "../../kvm/abi/lists.ts";
import { KVM_MSR_FILTER, KVM_MSR_FILTER_RANGE } from "../../kvm/abi/msr_filter.ts";
import type { IoctlArgument } from "../../kvm/handle.ts";
import type { HostMemory } from "../../kvm/host_memory.ts";
import { randomSource } from "./random.ts";
import type { RawCall } from "./refusals.ts";

/** An address above user space that is mapped in no process. */
export const KERNEL_ADDRESS = 0xffff_ffff_ffff_f000n;

/** Bytes that lie between the members of an argument, and where. */
export interface Padding {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Bytes of the argument. */
export function argumentSize({ name }: RawCall): number {
  return name === "ENABLE_CAP" ? KVM_ENABLE_CAP_ARGS.size : KVM_MSR_FILTER.size;
}

/** Where an argument has no member, as offset and length. */
function gapsOf({ name }: RawCall): (readonly [offset: number, length: number])[] {
  if (name === "ENABLE_CAP") {
    const { offset, size } = KVM_ENABLE_CAP_ARGS.fields.args;
    return [[offset + size, KVM_ENABLE_CAP_ARGS.size - offset - size]];
  }
  const { flags, ranges } = KVM_MSR_FILTER.fields;
  const { base, bitmap } = KVM_MSR_FILTER_RANGE.fields;
  const gap = base.offset + base.size;
  const slots = Array.from(
    { length: ranges.size / KVM_MSR_FILTER_RANGE.size },
    (_, slot) =>
      [ranges.offset + slot * KVM_MSR_FILTER_RANGE.size + gap, bitmap.offset - gap] as const,
  );
  return [[flags.offset + flags.size, ranges.offset - flags.size], ...slots];
}

/** What the call has between the members of its argument, but for zeros. */
export function paddingOf(call: RawCall): Padding[] {
  const { padding = 0 } = call;
  if (padding === 0) return [];
  const random = randomSource(padding);
  return gapsOf(call).map(([offset, length]) => ({
    offset,
    bytes: new Uint8Array(length).map(() => random() >>> 24),
  }));
}

/** How many bytes of the argument lie in front of the end of a mapping, where it lies there. */
export function bytesBeforeEnd(call: RawCall): number {
  return call.argument === "cut" ? argumentSize(call) - 1 : argumentSize(call);
}

/** What is handed to the ioctl: the bytes themselves, or an address, with `page` behind some. */
export function placed(
  call: RawCall,
  bytes: Uint8Array<ArrayBuffer>,
  page: HostMemory,
): IoctlArgument {
  for (const { offset, bytes: between } of paddingOf(call)) bytes.set(between, offset);
  switch (call.argument) {
    case "null":
      return 0n;
    case "unmapped":
      return page.end;
    case "kernel":
      return KERNEL_ADDRESS;
    case "cut":
    case "end": {
      const length = bytesBeforeEnd(call);
      page.bytes.set(bytes.subarray(0, length), page.bytes.length - length);
      return page.end - BigInt(length);
    }
    default:
      return bytes;
  }
}
