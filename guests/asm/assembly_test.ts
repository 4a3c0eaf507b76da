import { assertEquals, assertThrows } from "@std/assert";
import { assemble } from "./assemble.ts";
import { asm16, asm64 } from "./source.ts";

Deno.test("Assembly holds the bitness, the base and the bytes", () => {
  const code = assemble(asm16`hlt`, { base: 0x7c00 });
  assertEquals([code.bitness, code.base, ...code.bytes], [16, 0x7c00, 0xf4]);
  assertEquals(code.bytes.buffer.byteLength, 1);
});

Deno.test("Assembly.symbol() names the known labels when it is asked for another", () => {
  const code = assemble(
    asm64`first: nop
    second: nop`,
    { base: 0 },
  );
  assertEquals(code.symbol("second"), 1);
  assertThrows(
    () => code.symbol("third"),
    RangeError,
    'Cannot find label "third": Known are "first", "second"',
  );
  assertThrows(
    () => assemble(asm64`nop`, { base: 0 }).symbol("x"),
    RangeError,
    'Cannot find label "x": There are no labels',
  );
});

Deno.test("Assembly.listing() shows addresses, bytes and words, and cuts long data", () => {
  const code = assemble(
    asm64`
    start: mov ecx, ${0x174} ; the MSR
      rdmsr
      align 8
    data:
      dq start, 2
      db "ok"
    `,
    { base: 0x1000 },
  );
  assertEquals(code.listing().split("\n"), [
    "start:",
    "  00001000  b9 74 01 00 00                         mov ecx, 0x174",
    "  00001005  0f 32                                  rdmsr",
    "  00001007  90                                     align 8",
    "data:",
    "  00001008  00 10 00 00 00 00 00 00 .. (16 bytes)  dq start, 2",
    '  00001018  6f 6b                                  db "ok"',
  ]);
});
