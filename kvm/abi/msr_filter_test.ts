import { assertEquals, assertThrows } from "@std/assert";
import {
  KVM_MSR_EXIT_REASON_FILTER,
  KVM_MSR_EXIT_REASON_INVAL,
  KVM_MSR_EXIT_REASON_UNKNOWN,
  KVM_MSR_FILTER,
  KVM_MSR_FILTER_MAX_BITMAP_SIZE,
  KVM_MSR_FILTER_MAX_RANGES,
  KVM_MSR_FILTER_RANGE,
} from "./msr_filter.ts";

const RANGE = { flags: 3, nmsrs: 0x3000, base: 0xc0000000, bitmap: 0x7fff_1234_5678n };
/** The bytes of `RANGE`, in the order of memory. */
const RANGE_BYTES = Uint8Array.fromHex("0300000000300000000000c00000000078563412ff7f0000");

Deno.test("KVM_MSR_FILTER has the size that its ioctl carries", () => {
  assertEquals(KVM_MSR_FILTER.size, 392);
  assertEquals(KVM_MSR_FILTER_RANGE.size, 24);
});

Deno.test("KVM_MSR_FILTER_RANGE encodes flags, count, base and the bitmap's address", () => {
  assertEquals(KVM_MSR_FILTER_RANGE.encode(RANGE), RANGE_BYTES);
});

Deno.test("KVM_MSR_FILTER places each of its 16 ranges", () => {
  for (let i = 0; i < 16; i++) {
    const ranges = Array.from({ length: i + 1 }, (_, slot) => slot === i ? RANGE : {});
    const expected = new Uint8Array(392);
    expected.set(RANGE_BYTES, 8 + 24 * i);
    assertEquals(KVM_MSR_FILTER.encode({ ranges }), expected, `range ${i}`);
  }
});

Deno.test("KVM_MSR_FILTER reads back its flags and all 16 ranges", () => {
  const ranges = Array.from({ length: 16 }, (_, i) => ({ ...RANGE, nmsrs: i }));
  const memory = new Uint8Array(400);
  const view = new DataView(memory.buffer);
  KVM_MSR_FILTER.write(view, { flags: 1, ranges }, 8);
  assertEquals(KVM_MSR_FILTER.read(view, 8), { flags: 1, ranges });
});

Deno.test("KVM_MSR_FILTER refuses a seventeenth range and leaves the bytes after it", () => {
  const memory = new Uint8Array(392 + 24);
  const ranges = Array.from({ length: 17 }, () => RANGE);
  assertThrows(
    () => KVM_MSR_FILTER.write(new DataView(memory.buffer), { ranges }),
    RangeError,
    "Cannot write 17 ranges: 16 fit",
  );
  assertEquals(memory, new Uint8Array(392 + 24));
});

Deno.test("KVM_MSR_FILTER_MAX_BITMAP_SIZE covers 0x3000 MSRs in each of 16 ranges", () => {
  assertEquals(KVM_MSR_FILTER_MAX_BITMAP_SIZE * 8, 0x3000);
  assertEquals(KVM_MSR_FILTER_MAX_RANGES, 16);
});

Deno.test("KVM_MSR_EXIT_REASON_* are one bit each", () => {
  assertEquals(
    [KVM_MSR_EXIT_REASON_INVAL, KVM_MSR_EXIT_REASON_UNKNOWN, KVM_MSR_EXIT_REASON_FILTER],
    [1, 2, 4],
  );
});
