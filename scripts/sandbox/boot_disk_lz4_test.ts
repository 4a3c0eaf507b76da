import { assertEquals, assertThrows } from "@std/assert";
import { LZ4_LEGACY_MAGIC, unpackLz4 } from "./boot_disk_lz4.ts";

function legacy(...blocks: readonly (readonly number[])[]): Uint8Array {
  const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 255);
  return new Uint8Array([
    ...word(LZ4_LEGACY_MAGIC),
    ...blocks.flatMap((block) => [...word(block.length), ...block]),
  ]);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function codes(characters: string): number[] {
  return [...new TextEncoder().encode(characters)];
}

Deno.test("unpackLz4() copies literals, and matches that repeat themselves", () => {
  // "ab", eight bytes from two back, then the literals "cd".
  const block = [0x24, ...codes("ab"), 2, 0, 0x20, ...codes("cd")];
  assertEquals(text(unpackLz4(legacy(block), 12)), "abababababcd");
});

Deno.test("unpackLz4() copies matches that do not overlap", () => {
  const block = [0x50, ...codes("abcde"), 5, 0, 0x10, ...codes("!")];
  assertEquals(text(unpackLz4(legacy(block), 10)), "abcdeabcd!");
});

Deno.test("unpackLz4() reads lengths that go on in further bytes", () => {
  const literals = "x".repeat(15 + 255 + 3);
  const block = [0xf0, 255, 3, ...codes(literals)];
  assertEquals(text(unpackLz4(legacy(block), literals.length)), literals);
});

Deno.test("unpackLz4() unpacks block after block, and a match reaches into the one before", () => {
  const blocks = [[0x40, ...codes("abcd")], [0x00, 4, 0, 0x10, ...codes("e")]];
  assertEquals(text(unpackLz4(legacy(...blocks), 9)), "abcdabcde");
});

Deno.test("unpackLz4() refuses another format, a block cut short and matches before the start", () => {
  assertThrows(() => unpackLz4(new Uint8Array(8), 1), SyntaxError, "magic number");
  assertThrows(() => unpackLz4(legacy([0x40, ...codes("ab")]), 4), SyntaxError, "outside");
  assertThrows(() => unpackLz4(legacy([0x10, ...codes("a"), 9, 0]), 9), SyntaxError, "match");
  assertThrows(() => unpackLz4(legacy([0x10, ...codes("a")]), 2), SyntaxError, 'Wanted "2" bytes');
});
