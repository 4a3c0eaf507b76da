import { assertEquals, assertThrows } from "@std/assert";
import { assemble } from "./assemble.ts";
import { asm16, asm32, asm64 } from "./source.ts";

const BASE = 0x1000;

function bytesOf(text: string, symbols: Record<string, number> = {}): number[] {
  return [...assemble({ bitness: 64, text }, { base: BASE, symbols }).bytes];
}

Deno.test("assemble() places a label at the next instruction", () => {
  const code = assemble(
    asm64`
      nop
    access: rdmsr
    end:
    `,
    { base: BASE },
  );
  assertEquals([...code.symbols], [["access", 0x1001], ["end", 0x1003]]);
});

Deno.test("assemble() uses a label as immediate, address, data and branch target", () => {
  const code = assemble(
    asm64`
    start:
      mov rsi, list
      mov rax, [list + rcx*8]
      mov rbx, [list]
      mov rdx, [rel list]
      jmp start
    list:
      dq list, end - list
    end:
    `,
    { base: BASE },
  );
  const list = [0x20, 0x10, 0x00, 0x00];
  assertEquals(code.symbol("list"), 0x1020);
  assertEquals(
    code.bytes,
    new Uint8Array([
      ...[0x48, 0xc7, 0xc6, ...list],
      ...[0x48, 0x8b, 0x04, 0xcd, ...list],
      ...[0x48, 0x8b, 0x1c, 0x25, ...list],
      ...[0x48, 0x8b, 0x15, 0x02, 0x00, 0x00, 0x00],
      ...[0xeb, 0xe0],
      ...[...list, 0, 0, 0, 0],
      ...[0x10, 0, 0, 0, 0, 0, 0, 0],
    ]),
  );
});

Deno.test("assemble() takes values of external symbols", () => {
  assertEquals(bytesOf("mov ecx, MSR\ncall handler", { MSR: 0x174, handler: 0x2000 }), [
    ...[0xb9, 0x74, 0x01, 0x00, 0x00],
    ...[0xe8, 0xf6, 0x0f, 0x00, 0x00],
  ]);
});

Deno.test("assemble() keeps labels exact between data and instructions", () => {
  const code = assemble(
    asm64`
      db 0x48
    read: rdmsr
      jmp read
    `,
    { base: BASE },
  );
  assertEquals([...code.bytes], [0x48, 0x0f, 0x32, 0xeb, 0xfc]);
  assertEquals(code.symbol("read"), 0x1001);
});

Deno.test("assemble() writes data of every width in little endian", () => {
  assertEquals(bytesOf('db 1, -1, 255, "hi\\0"\ndw 0x1234\ndd -2\ndq 0x1122334455667788'), [
    ...[1, 0xff, 0xff, 0x68, 0x69, 0],
    ...[0x34, 0x12],
    ...[0xfe, 0xff, 0xff, 0xff],
    ...[0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11],
  ]);
});

Deno.test("assemble() aligns the address, not the offset", () => {
  const code = assemble(
    asm64`hlt
    align 8
  here: hlt`,
    { base: 0x1003 },
  );
  assertEquals([...code.bytes], [0xf4, 0x90, 0x90, 0x90, 0x90, 0xf4]);
  assertEquals(code.symbol("here"), 0x1008);
});

Deno.test("assemble() knows $ as the address of the statement", () => {
  assertEquals(bytesOf("nop\njmp $"), [0x90, 0xeb, 0xfe]);
});

Deno.test("assemble() reads a mode switch in each mode", () => {
  const real = assemble(
    asm16`
      lgdt [gdtr]
      mov eax, cr0
      or al, 1
      mov cr0, eax
      jmp 0x08:protected
    gdtr:
      dw 23
      dd 0x500
    protected:
    `,
    { base: 0x7c00 },
  );
  assertEquals([...real.bytes], [
    ...[0x0f, 0x01, 0x16, 0x12, 0x7c],
    ...[0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0],
    ...[0xea, 0x18, 0x7c, 0x08, 0x00],
    ...[0x17, 0x00, 0x00, 0x05, 0x00, 0x00],
  ]);
  const entry = { symbols: { long: 0x2000 }, base: real.symbol("protected") };
  assertEquals(
    [...assemble(asm32`jmp 0x18:long`, entry).bytes],
    [0xea, 0x00, 0x20, 0x00, 0x00, 0x18, 0x00],
  );
});

Deno.test("assemble() of nothing is no bytes", () => {
  assertEquals(bytesOf(" \n ; a comment\n"), []);
});

Deno.test("assemble() names the line it cannot assemble and why", () => {
  const refusals = [
    ["nop\nfrob eax", 'line 2 "frob eax": Unknown mnemonic "frob"'],
    ["pusha", '"pusha" does not exist in 64-bit code'],
    ["jmp nowhere", 'line 1 "jmp nowhere": Unknown label "nowhere"'],
    ["dq nowhere", 'Unknown label "nowhere"'],
    ["mov eax, [nowhere]", 'Unknown label "nowhere"'],
    ["jmp 8:nowhere", 'Unknown label "nowhere"'],
    ["a: nop\na: nop", 'line 2 "a: nop": Duplicate label "a"'],
    ["MSR: nop", 'Duplicate label "MSR", a symbol from outside has the name'],
    ["mov al, 256", 'Number 0x100 is out of range for "MOV r8, imm8", "MOV r/m8, imm8"'],
    ["mov al, -129", "Number -0x81 is out of range"],
    ["db 256", "Number 0x100 is out of range"],
    ["add rax, 0x80000000", "Number 0x80000000 is out of range"],
    ["mov rax, [rbx + 0x80000000]", "Number 0x80000000 is out of range"],
    ["mov ecx, [0x123456789]", "Number 0x123456789 is out of range"],
    ["mov rax, [rip + 0x80000000]", "The encoder refuses"],
    ["mov ah, r8b", "The encoder refuses: Registers AH, CH, DH, BH can't be used"],
    ["loop 0x2000", 'Branch target is out of reach for "LOOP rel8"'],
    ["jmp short 0x2000", 'Branch target is out of reach for "JMP rel8"'],
  ] as const;
  for (const [text, detail] of refusals) {
    assertThrows(() => bytesOf(text, { MSR: 1 }), SyntaxError, detail);
  }
});

Deno.test("assemble() refuses 16-bit branches that leave the segment", () => {
  assertThrows(
    () => assemble(asm16`jmp 0x12000`, { base: BASE }),
    SyntaxError,
    "Branch target is out of reach",
  );
});

Deno.test("assemble() refuses a base that is no address and a symbol that is no integer", () => {
  assertThrows(
    () => assemble(asm64`hlt`, { base: -1 }),
    RangeError,
    'Cannot assemble at base "-1": It is not an address',
  );
  assertThrows(
    () => assemble(asm64`hlt`, { base: 0, symbols: { x: 0.5 } }),
    RangeError,
    'Cannot assemble with symbol "x": "0.5" is not a safe integer',
  );
});
