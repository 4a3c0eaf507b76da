import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { KVM_MSR_FILTER } from "./abi/msr_filter.ts";
import { type EncodedMsrFilter, encodeRawMsrFilter, MsrFilter } from "./msr_filter.ts";
import { addressOf } from "./sys/libc.ts";

function decode({ bytes }: EncodedMsrFilter): ReturnType<typeof KVM_MSR_FILTER.read> {
  return KVM_MSR_FILTER.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
}

/** The `length` bytes that the kernel would read at `address`. */
function bytesAt(address: bigint, length: number): Uint8Array {
  const pointer = Deno.UnsafePointer.create(address);
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer!, length)).slice();
}

Deno.test("encode() lays out flags, counts, bases and the addresses of the bitmaps", () => {
  const encoded = new MsrFilter({
    default: "deny",
    ranges: [
      { base: 0x174, count: 3, allow: "read" },
      { base: 0xc000_0080, count: 9, access: "read-write", bitmap: Uint8Array.of(0x81, 1) },
    ],
  }).encode();
  const { flags, ranges } = decode(encoded);
  assertEquals([encoded.bytes.length, flags, ranges.length], [392, 1, 16]);
  const [first, second, ...unused] = ranges;
  assertEquals({ ...first, bitmap: 0n }, { flags: 1, nmsrs: 3, base: 0x174, bitmap: 0n });
  assertEquals({ ...second, bitmap: 0n }, { flags: 3, nmsrs: 9, base: 0xc000_0080, bitmap: 0n });
  assertEquals(bytesAt(first?.bitmap ?? 0n, 8).toHex(), "ffffffffffffffff");
  assertEquals(bytesAt(second?.bitmap ?? 0n, 8).toHex(), "8101000000000000");
  assertEquals(unused.filter(({ nmsrs, bitmap }) => nmsrs !== 0 || bitmap !== 0n), []);
});

Deno.test("encode() gives the flags of each access", () => {
  const flags = (["read", "write", "read-write"] as const).map((deny) => {
    const filter = new MsrFilter({ default: "allow", ranges: [{ base: 0, count: 1, deny }] });
    return decode(filter.encode()).ranges[0]!.flags;
  });
  assertEquals(flags, [1, 2, 3]);
});

Deno.test("encode() lays a filter that allows everything out as zeroes", () => {
  assertEquals(MsrFilter.ALLOW_ALL.encode().bytes, new Uint8Array(392));
});

Deno.test("raw() gives the fields, and bitmaps that do not change the filter", () => {
  const filter = new MsrFilter({
    default: "deny",
    ranges: [{ base: 0x174, count: 3, allow: "read" }],
  });
  const raw = filter.raw();
  const bitmap = new Uint8Array(8).fill(0xff);
  assertEquals(raw, { flags: 1, ranges: [{ flags: 1, nmsrs: 3, base: 0x174, bitmap }] });
  (raw.ranges[0]!.bitmap as Uint8Array).fill(0);
  assertEquals(filter.raw().ranges[0]!.bitmap, bitmap);
});

Deno.test("encodeRawMsrFilter() keeps the bitmaps alive as long as the structure", () => {
  const { bytes, bitmaps } = encodeRawMsrFilter({
    flags: 0,
    ranges: [{ flags: 1, nmsrs: 8, base: 0, bitmap: Uint8Array.of(0x5a) }],
  });
  assertStrictEquals(bitmaps.buffer, bytes.buffer);
  const at = addressOf(bytes.buffer) + BigInt(bitmaps.byteOffset);
  assertEquals(decode({ bytes, bitmaps }).ranges[0]!.bitmap, at);
});

Deno.test("encodeRawMsrFilter() pads every bitmap to the words that the kernel reads", () => {
  const { bitmaps } = encodeRawMsrFilter({
    flags: 0,
    ranges: [1, 8, 9].map((length) => ({
      flags: 1,
      nmsrs: 8 * length,
      base: 0,
      bitmap: new Uint8Array(length).fill(0xff),
    })),
  });
  assertEquals(
    bitmaps.toHex(),
    "ff00000000000000" + "ffffffffffffffff" + "ffffffffffffffff" + "ff00000000000000",
  );
});

Deno.test("encodeRawMsrFilter() checks nothing and hands addresses on", () => {
  const range = { flags: 0xf0, nmsrs: 0x3001, base: 0xffff_ffff, bitmap: 0xdead_0000_0000_0000n };
  const { flags, ranges } = decode(encodeRawMsrFilter({ flags: 0x8000_0000, ranges: [range] }));
  assertEquals([flags, ranges[0]], [0x8000_0000, range]);
});

Deno.test("encodeRawMsrFilter() has room for 16 ranges", () => {
  const range = { flags: 1, nmsrs: 0, base: 0, bitmap: 0n };
  const ranges = new Array(17).fill(range);
  assertEquals(decode(encodeRawMsrFilter({ flags: 0, ranges: ranges.slice(1) })).ranges.length, 16);
  assertThrows(() => encodeRawMsrFilter({ flags: 0, ranges }), RangeError, "17 ranges");
});
