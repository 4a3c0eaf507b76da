import { assertEquals } from "@std/assert";
import { assemble } from "./assemble.ts";
import type { Assembly } from "./assembly.ts";
import { disassemble } from "./disassemble.ts";
import { disassembleAround } from "./disassemble_around.ts";
import { FORCED_EMULATION_PREFIX } from "./forced_emulation.ts";
import type { Bitness } from "./source.ts";

const PREFIX = "0f0b6b766d";

function forced(text: string, bitness: Bitness = 64): Assembly {
  return assemble({ bitness, text }, { base: 0x1000, forcedEmulation: true });
}

function hexOf(text: string, bitness: Bitness = 64): string {
  return forced(text, bitness).bytes.toHex();
}

Deno.test("assemble() forces emulation of RDMSR and WRMSR and of nothing else, in every mode", () => {
  for (const bitness of [16, 32, 64] as const) {
    assertEquals(hexOf("nop\nrdmsr\nWRMSR\nhlt", bitness), `90${PREFIX}0f32${PREFIX}0f30f4`);
  }
  const text = "nop\nrdmsr";
  assertEquals(assemble({ bitness: 64, text }, { base: 0 }).bytes.toHex(), "900f32");
});

Deno.test("assemble() names the emulated instruction by the label, and branches to its prefix", () => {
  const code = forced("first: second: rdmsr\nafter: jmp first\njmp second\ndq first");
  assertEquals([...code.symbols], [["first", 0x1005], ["second", 0x1005], ["after", 0x1007]]);
  assertEquals([...code.entries], [["first", 0x1000], ["second", 0x1000], ["after", 0x1007]]);
  assertEquals(code.bytes.subarray(7).toHex(), "ebf7ebf5" + "0010000000000000");
});

Deno.test("assemble() moves what is behind a prefix, and lets branches grow over it", () => {
  const code = forced(`jmp end\n${"rdmsr\n".repeat(19)}end: hlt`);
  assertEquals(code.symbol("end"), 0x1000 + 5 + 19 * 7);
  assertEquals(code.bytes[0], 0xe9);
});

Deno.test("assemble() gives no second prefix to an access that has one", () => {
  for (const own of [FORCED_EMULATION_PREFIX, 'ud2\ndb "kvm"', 'db 0x90, 15, 11\nx: db "kvm"']) {
    const text = `${own}\nread: rdmsr`;
    const code = forced(text);
    assertEquals(code.bytes.toHex(), assemble({ bitness: 64, text }, { base: 0 }).bytes.toHex());
    assertEquals(code.symbol("read"), code.entries.get("read"));
  }
  assertEquals(hexOf('db "kvm"\nrdmsr'), `6b766d${PREFIX}0f32`);
  assertEquals(hexOf('ud2\nnop\ndb "kvm"\nrdmsr'), `0f0b906b766d${PREFIX}0f32`);
  assertEquals(hexOf(`${FORCED_EMULATION_PREFIX}\nrdmsr\nrdmsr`), `${PREFIX}0f32${PREFIX}0f32`);
});

Deno.test("assemble() puts the prefix before the instruction's own prefixes", () => {
  const code = forced("nop\nread: db 0x2e\ndb 0x66, 0x48\nbare: rdmsr");
  assertEquals(code.bytes.toHex(), `90${PREFIX}2e66480f32`);
  assertEquals([...code.symbols], [["read", 0x1006], ["bare", 0x1009]]);
  assertEquals(hexOf("db 0xf3\nrdmsr"), `${PREFIX}f30f32`);
  assertEquals(hexOf(`${FORCED_EMULATION_PREFIX}\ndb 0x48\nrdmsr`), `${PREFIX}480f32`);
  // 0x48 is an instruction in code of 32 bits.
  assertEquals(hexOf("db 0x48\nrdmsr", 32), `48${PREFIX}0f32`);
});

Deno.test("Assembly.listing() shows the prefix on a line of its own", () => {
  assertEquals(forced("read: rdmsr").listing().split("\n"), [
    "read:",
    "  00001000  0f 0b 6b 76 6d  db 0x0f, 0x0b, 0x6b, 0x76, 0x6d",
    "  00001005  0f 32           rdmsr",
  ]);
});

Deno.test("disassemble() takes the prefix for one line, which assembles to it", () => {
  const { bytes } = forced("rdmsr\nud2\nrdmsr");
  const lines = disassemble(bytes, { bitness: 64, ip: 0x1000 });
  assertEquals(lines.map(({ address, text }) => [address, text]), [
    [0x1000n, FORCED_EMULATION_PREFIX],
    [0x1005n, "rdmsr"],
    [0x1007n, "ud2"],
    [0x1009n, FORCED_EMULATION_PREFIX],
    [0x100en, "rdmsr"],
  ]);
  const again = assemble({ bitness: 64, text: lines.map(({ text }) => text).join("\n") }, {
    base: 0x1000,
  });
  assertEquals(again.bytes, bytes);
});

Deno.test("disassembleAround() points behind the prefix, with the label there", () => {
  const { bytes, base, symbols } = forced("mov ecx, 1\nread: rdmsr\njmp read");
  const text = disassembleAround(bytes, { bitness: 64, base, ip: 0x100a, symbols });
  assertEquals(text.split("\n").map((line) => line.trimEnd()), [
    "   00001000  b9 01 00 00 00  mov ecx, 1",
    "   00001005  0f 0b 6b 76 6d  db 0x0f, 0x0b, 0x6b, 0x76, 0x6d",
    "read:",
    "=> 0000100a  0f 32           rdmsr",
    "   0000100c  eb f7           jmp 0x1005",
  ]);
});
