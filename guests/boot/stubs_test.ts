import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { disassemble } from "../asm/mod.ts";
import { LAYOUT } from "../protocol.ts";
import { WITH_ERROR_CODE } from "../vector.ts";
import type { GuestMode } from "./mode.ts";
import { stubLabel, stubs } from "./stubs.ts";

/** What the stub of `vector` pushes, and where it goes then. */
function stub(mode: GuestMode, vector: number): { pushes: number; target: bigint | undefined } {
  const code = stubs(mode, 0);
  const start = code.symbol(stubLabel(vector)) - code.base;
  const lines = disassemble(code.bytes.subarray(start, start + 16), {
    bitness: code.bitness,
    ip: code.base + start,
  });
  const end = lines.findIndex(({ text }) => text.startsWith("jmp"));
  const pushes = lines.slice(0, end).filter(({ text }) => text.startsWith("push")).length;
  assertEquals(pushes, end);
  return { pushes, target: lines[end]?.target };
}

Deno.test("stubs() have one for each vector, and finish, in every mode", () => {
  for (const mode of ["real", "protected", "long", "long-user"] as const) {
    const code = stubs(mode, 0);
    const addresses = Array.from({ length: 256 }, (_, vector) => code.symbol(stubLabel(vector)));
    assertEquals(new Set(addresses).size, 256);
    assertEquals(code.base, LAYOUT.stubs);
    assert(code.symbols.has("finish"));
  }
});

Deno.test("stubs() push a zero where the CPU pushes no error code, then the vector", () => {
  for (const mode of ["protected", "long"] as const) {
    const target = BigInt(stubs(mode, 0).symbol("fault"));
    for (let vector = 0; vector < 256; vector++) {
      const pushes = WITH_ERROR_CODE.has(vector) ? 1 : 2;
      assertEquals(stub(mode, vector), { pushes, target }, `vector ${vector}`);
    }
  }
});

Deno.test("stubs() always push a zero in real mode, which has no error codes", () => {
  for (const vector of [0, 8, 13, 255]) assertEquals(stub("real", vector).pushes, 2);
});

Deno.test("stubs() are assembled once for a bitness and a window", () => {
  assertStrictEquals(stubs("long", 0), stubs("long-user", 0));
  assert(stubs("long", 0) !== stubs("long", 0x20_0000));
  assert(stubs("long", 0) !== stubs("protected", 0));
});

Deno.test("stubs() report into their own window", () => {
  const [first, second] = [stubs("long", 0), stubs("long", 0x20_0000)];
  assertEquals(second.base - first.base, 0x20_0000);
  assert(first.bytes.some((byte, i) => byte !== second.bytes[i]));
  assertEquals(first.bytes.length, second.bytes.length);
});
