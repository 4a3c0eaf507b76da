import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { bytes, i32, nested, struct, u16, u32, u64, u64s, u8 } from "./struct.ts";

const INNER = struct("inner", 8, { low: u16(0), high: u32(4) });
const ALL = struct("all", 64, {
  byte: u8(0),
  half: u16(2),
  word: u32(4),
  signed: i32(8),
  long: u64(16),
  raw: bytes(24, 3),
  "arm.longs": u64s(32, 2),
  inner: nested(48, INNER),
});

const VALUE = {
  byte: 0x11,
  half: 0x2233,
  word: 0x44556677,
  signed: -2,
  long: 0x8899aabbccddeeffn,
  raw: new Uint8Array([0xa0, 0xa1, 0xa2]),
  "arm.longs": [1n, 0xffff_ffff_ffff_ffffn],
  inner: { low: 0x0102, high: 0x03040506 },
};

/** The bytes of `VALUE`, in the order of memory. */
const BYTES = Uint8Array.fromHex([
  "11003322" + "77665544" + "feffffff" + "00000000",
  "ffeeddccbbaa9988" + "a0a1a20000000000",
  "0100000000000000" + "ffffffffffffffff",
  "0201000006050403" + "0000000000000000",
].join(""));

/** A view that starts inside its buffer, with bytes of 0x55 all around. */
function surrounded(size: number): { buffer: Uint8Array; view: DataView } {
  const buffer = new Uint8Array(size + 16).fill(0x55);
  return { buffer, view: new DataView(buffer.buffer, 8, size) };
}

Deno.test("struct() encodes every kind of field little-endian at its offset", () => {
  assertEquals(ALL.encode(VALUE), BYTES);
});

Deno.test("struct() reads every kind of field back", () => {
  assertEquals(ALL.read(new DataView(BYTES.buffer)), VALUE);
});

Deno.test("struct() reads and writes at a byte of a view that starts inside its buffer", () => {
  const { buffer, view } = surrounded(2 + ALL.size);
  ALL.write(view, VALUE, 2);
  assertEquals(ALL.read(view, 2), VALUE);
  assertEquals(buffer.subarray(10, 12), new Uint8Array([0x11, 0x55]));
  assertEquals(buffer.subarray(0, 10), new Uint8Array(10).fill(0x55));
  assertEquals(buffer.subarray(10 + ALL.size), new Uint8Array(8).fill(0x55));
});

Deno.test("struct() writes the given members and leaves all other bytes", () => {
  const { view } = surrounded(ALL.size);
  ALL.write(view, {
    half: 0,
    raw: new Uint8Array([1]),
    "arm.longs": [2n],
    inner: { low: 3, high: 4 },
  });
  const expected = Uint8Array.fromHex([
    "55550000" + "55555555" + "55555555" + "55555555",
    "5555555555555555" + "0155555555555555",
    "0200000000000000" + "5555555555555555",
    "0300555504000000" + "5555555555555555",
  ].join(""));
  assertEquals(new Uint8Array(view.buffer, view.byteOffset, ALL.size), expected);
});

Deno.test("struct() encodes absent members as zero", () => {
  assertEquals(INNER.encode({ high: 1 }), new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0]));
});

Deno.test("struct() carries its C name and its size", () => {
  assertEquals([ALL.name, ALL.size, ALL.fields.inner.size], ["all", 64, 8]);
});

Deno.test("struct() refuses a field that ends past the structure", () => {
  assertThrows(
    () => struct("short", 8, { fits: u64(0), spills: u32(5) }),
    RangeError,
    'Cannot declare "short": "spills" ends past its 8 bytes',
  );
  assertThrows(() => struct("short", 8, { inner: nested(1, INNER) }), RangeError);
  assertThrows(() => struct("short", 8, { raw: bytes(0, 9) }), RangeError);
  assertThrows(() => struct("short", 8, { longs: u64s(0, 2) }), RangeError);
});

Deno.test("bytes() refuses a value longer than the field and leaves the next member", () => {
  const { view } = surrounded(ALL.size);
  assertThrows(() => ALL.write(view, { raw: new Uint8Array(4) }), RangeError);
  assertEquals(ALL.read(view).raw, new Uint8Array(3).fill(0x55));
});

Deno.test("bytes() reads a copy that later writes do not change", () => {
  const memory = ALL.encode(VALUE);
  const { raw } = ALL.read(new DataView(memory.buffer));
  memory.fill(0);
  assertEquals(raw, VALUE.raw);
});

Deno.test("u64s() refuses more values than the field holds", () => {
  assertThrows(
    () => ALL.encode({ "arm.longs": [1n, 2n, 3n] }),
    RangeError,
    "Cannot write 3 values: 2 fit",
  );
});

Deno.test("struct() reads what it encoded, for every value", () => {
  const unsigned = (bits: number): fc.Arbitrary<number> => fc.nat(2 ** bits - 1);
  const long = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const value = fc.record({
    byte: unsigned(8),
    half: unsigned(16),
    word: unsigned(32),
    signed: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    long,
    raw: fc.uint8Array({ minLength: 3, maxLength: 3 }),
    "arm.longs": fc.array(long, { minLength: 2, maxLength: 2 }),
    inner: fc.record({ low: unsigned(16), high: unsigned(32) }, { noNullPrototype: true }),
  }, { noNullPrototype: true });
  fc.assert(fc.property(value, (given) => {
    assertEquals(ALL.read(new DataView(ALL.encode(given).buffer)), given);
  }));
});
