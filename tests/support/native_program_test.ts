import { assertEquals, assertThrows } from "@std/assert";
import { CALL, DATA, elfOf, resultOf, runNative, runsPrograms } from "./native_program.ts";
import { facts } from "./facts.ts";
import { testUnless } from "./test_unless.ts";

Deno.test("elfOf() says the class, the machine and the entry of an executable", () => {
  for (const [bits, machine] of [[32, 3], [64, 62]] as const) {
    const elf = elfOf({ bits, calls: [] });
    const view = new DataView(elf.buffer);
    assertEquals([...elf.subarray(0, 7)], [0x7f, 0x45, 0x4c, 0x46, bits / 32, 1, 1]);
    assertEquals([view.getUint16(16, true), view.getUint16(18, true)], [2, machine]);
    assertEquals(view.getUint32(24, true), 0x40_0100);
  }
});

for (const bits of [32, 64] as const) {
  const { write, pipe, exit } = CALL[bits];

  testUnless(
    runsPrograms(bits)(facts()),
    `runNative() hands results and words of memory to later calls (${bits} bits)`,
    () => {
      const through = { wordAt: DATA + 0x104 };
      const out = runNative({
        bits,
        data: new TextEncoder().encode("through a pipe"),
        calls: [
          { number: pipe, first: DATA + 0x100 },
          { number: write, first: through, rest: [DATA, 14] },
          { number: CALL[bits].read, first: { wordAt: DATA + 0x100 }, rest: [DATA + 0x200, 14] },
          { number: write, first: 1, rest: [DATA + 0x200, 14] },
          { number: write, first: 1, rest: [resultOf(bits, 1), 1] },
          { number: write, first: 99, rest: [DATA, 1] },
          { number: write, first: 1, rest: [resultOf(bits, 5), 4] },
          { number: exit },
        ],
      });
      assertEquals(new TextDecoder().decode(out.subarray(0, 14)), "through a pipe");
      assertEquals([...out.subarray(14)], [14, 0xf7, 0xff, 0xff, 0xff]);
    },
  );

  testUnless(
    runsPrograms(bits)(facts()),
    `runNative() reports a program that ends badly (${bits} bits)`,
    () => {
      const calls = [{ number: exit, first: 3 }];
      assertThrows(() => runNative({ bits, calls }), Error, `of ${bits} bits: status 3`);
    },
  );
}
