import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { assemble } from "./assemble.ts";
import { disassemble } from "./disassemble.ts";
import type { Bitness } from "./source.ts";

const BASE = 0x1000;

const REGISTERS: Readonly<Record<"byte" | "word" | "dword" | "qword", readonly string[]>> = {
  byte: ["al", "bl", "cl", "dl"],
  word: ["ax", "bx", "sp", "si", "di"],
  dword: ["eax", "ebx", "ecx", "esp", "ebp", "esi"],
  qword: ["rax", "rbx", "rsp", "rbp", "rsi", "r8", "r12", "r13"],
};

const PLAIN = [
  ...["rdmsr", "wrmsr", "cpuid", "hlt", "cli", "sti", "nop", "ud2", "int3", "rdtsc", "wbinvd"],
  ...["rep movsb", "repne scasb", "rep stosd", "lodsb", "out dx, al", "in eax, dx", "int 0x80"],
];

/** Addresses of the mode's own width: a base, an index, a displacement, each or not. */
function memory(bitness: Bitness): fc.Arbitrary<string> {
  const bases = bitness === 16 ? ["bx", "bp"] : REGISTERS[bitness === 32 ? "dword" : "qword"];
  const indexes = bitness === 16
    ? ["si", "di"]
    : bases.filter((name) => !name.endsWith("sp")).flatMap((name) => [name, `${name}*4`]);
  const displacement = fc.integer({ min: -0x7000, max: 0x7000 });
  return fc.tuple(
    fc.constantFrom("", "fs:"),
    fc.constantFrom(...bases),
    fc.constantFrom(...indexes),
  )
    .chain(([segment, base, index]) =>
      fc.constantFrom(base, index, `${base} + ${index}`, "0").chain((place) =>
        displacement.map((number) => `${segment}[${place} + ${number}]`)
      )
    );
}

/** Instructions of every common shape, in the words of the assembler. */
function instruction(bitness: Bitness): fc.Arbitrary<string> {
  const sizes = (["byte", "word", "dword", "qword"] as const).slice(0, bitness === 64 ? 4 : 3);
  const sized = fc.constantFrom(...sizes).chain((size) => {
    const register = fc.constantFrom(...REGISTERS[size]);
    const place = memory(bitness).map((address) => `${size} ${address}`);
    const number = fc.integer({ min: -128, max: 127 }).map(String);
    const two = fc.constantFrom("add", "or", "and", "sub", "xor", "cmp", "mov");
    const one = fc.constantFrom("inc", "dec", "neg", "not", "mul", "div");
    const shift = fc.constantFrom("shl", "shr", "sar", "rol");
    const join = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
      fc.tuple(...parts).map(([mnemonic, ...operands]) => `${mnemonic} ${operands.join(", ")}`);
    return fc.oneof(
      join(two, register, register),
      join(two, register, place),
      join(two, place, register),
      join(two, register, number),
      join(two, place, number),
      join(one, register),
      join(one, place),
      join(shift, place, fc.constantFrom("1", "7", "cl")),
    );
  });
  const branch = fc.tuple(
    fc.constantFrom("jmp", "call", "jz", "jnbe"),
    fc.integer({ min: 0x800, max: 0x1800 }),
  ).map(([mnemonic, target]) => `${mnemonic} ${target}`);
  return fc.oneof(fc.constantFrom(...PLAIN), branch, { arbitrary: sized, weight: 8 });
}

for (const bitness of [16, 32, 64] as const) {
  Deno.test(`assemble() reads what disassemble() prints of ${bitness}-bit code`, () => {
    fc.assert(fc.property(fc.array(instruction(bitness), { maxLength: 8 }), (lines) => {
      const { bytes } = assemble({ bitness, text: lines.join("\n") }, { base: BASE });
      const printed = disassemble(bytes, { bitness, ip: BASE });
      assertEquals(printed.length, lines.length, lines.join("; "));
      const again = assemble(
        { bitness, text: printed.map(({ text }) => text).join("\n") },
        { base: BASE },
      );
      assertEquals(again.bytes, bytes);
    }));
  });
}
