import { assertEquals } from "@std/assert";
import { assemble } from "./assemble.ts";
import { disassembleAround } from "./disassemble_around.ts";
import { asm64 } from "./source.ts";

const CODE = assemble(
  asm64`
  start:
    mov ecx, 0x174
  access:
    rdmsr
    out 0x10, al
    mov ecx, 0x175
  again:
    rdmsr
    out 0x10, al
    jmp access
    hlt
  `,
  { base: 0x1000 },
);

const OPTIONS = { bitness: 64, base: 0x1000 } as const;

/** The text without the bytes: arrow, address and instruction. */
function rows(text: string): string[] {
  return text.split("\n").map((row) =>
    row.replace(/^(.. [\da-f]{8}) {2}(?:[\da-f]{2} )+ +/, "$1 ")
  );
}

Deno.test("disassembleAround() points at the instruction among its neighbours", () => {
  assertEquals(
    disassembleAround(CODE.bytes, { ...OPTIONS, ip: 0x1009, before: 2, after: 1 }).split("\n"),
    [
      "   00001005  0f 32           rdmsr",
      "   00001007  e6 10           out 0x10, al",
      "=> 00001009  b9 75 01 00 00  mov ecx, 0x175",
      "   0000100e  0f 32           rdmsr",
    ],
  );
});

Deno.test("disassembleAround() writes labels above and branch targets beside the code", () => {
  const { symbols } = CODE;
  const text = disassembleAround(CODE.bytes, { ...OPTIONS, ip: 0x100e, symbols, before: 3 });
  assertEquals(rows(text), [
    "access:",
    "   00001005 rdmsr",
    "   00001007 out 0x10, al",
    "   00001009 mov ecx, 0x175",
    "again:",
    "=> 0000100e rdmsr",
    "   00001010 out 0x10, al",
    "   00001012 jmp 0x1005 ; access",
    "   00001014 hlt",
  ]);
});

Deno.test("disassembleAround() names all labels of one address", () => {
  const symbols = new Map([["one", 0x1005], ["two", 0x1005]]);
  const text = disassembleAround(CODE.bytes, {
    ...OPTIONS,
    ip: 0x1005,
    symbols,
    before: 0,
    after: 0,
  });
  assertEquals(rows(text), ["one:", "two:", "=> 00001005 rdmsr"]);
});

Deno.test("disassembleAround() starts at the first and ends at the last byte there is", () => {
  assertEquals(rows(disassembleAround(CODE.bytes, { ...OPTIONS, ip: 0x1000, after: 0 })), [
    "=> 00001000 mov ecx, 0x174",
  ]);
  assertEquals(rows(disassembleAround(CODE.bytes, { ...OPTIONS, ip: 0x1014, before: 1 })), [
    "   00001012 jmp 0x1005",
    "=> 00001014 hlt",
  ]);
});

/** The byte 0xb8 is data and, taken for an opcode, swallows the four bytes behind it. */
const DATA_BEFORE = new Uint8Array([0x90, 0xb8, 0x0f, 0x32, 0xf4, 0x90, 0x0f, 0x32]);

Deno.test("disassembleAround() is in step from codeStart on", () => {
  const guessed = disassembleAround(DATA_BEFORE, { ...OPTIONS, ip: 0x1006, after: 0 });
  assertEquals(rows(guessed), [
    "   00001000 nop",
    "   00001001 mov eax, 0x90f4320f",
    "=> 00001006 rdmsr",
  ]);
  const known = disassembleAround(DATA_BEFORE, {
    ...OPTIONS,
    ip: 0x1006,
    after: 0,
    codeStart: 0x1002,
  });
  assertEquals(rows(known), [
    "   00001002 rdmsr",
    "   00001004 hlt",
    "   00001005 nop",
    "=> 00001006 rdmsr",
  ]);
});

Deno.test("disassembleAround() takes a label for the start of an instruction", () => {
  const symbols = new Map([["code", 0x1002]]);
  const text = disassembleAround(DATA_BEFORE, { ...OPTIONS, ip: 0x1006, after: 0, symbols });
  assertEquals(rows(text), [
    "code:",
    "   00001002 rdmsr",
    "   00001004 hlt",
    "   00001005 nop",
    "=> 00001006 rdmsr",
  ]);
});

Deno.test("disassembleAround() says so when the pointer is outside of the code", () => {
  assertEquals(
    disassembleAround(CODE.bytes, { ...OPTIONS, ip: 0x2000 }),
    "=> 00002000  outside of the code, 00001000 to 00001015",
  );
});

Deno.test("disassembleAround() shows what does not decode", () => {
  const text = disassembleAround(new Uint8Array([0x06, 0xf4]), { ...OPTIONS, ip: 0x1000 });
  assertEquals(rows(text), ["=> 00001000 (bad)", "   00001001 hlt"]);
});

Deno.test("disassembleAround() looks only near the pointer in a large memory", () => {
  const memory = new Uint8Array(1 << 20).fill(0x90);
  const text = disassembleAround(memory, { ...OPTIONS, ip: 0x8_0000, before: 1, after: 1 });
  assertEquals(rows(text), ["   0007ffff nop", "=> 00080000 nop", "   00080001 nop"]);
});
