import { assertEquals, assertThrows } from "@std/assert";
import { selectCandidates } from "./select.ts";
import type { Bitness } from "./source.ts";
import { parseStatements } from "./statement.ts";

function formsFor(text: string, bitness: Bitness = 64): string[] {
  const [statement] = parseStatements(text);
  if (statement?.kind !== "instruction") throw new TypeError(`"${text}" is no instruction`);
  return selectCandidates(statement, bitness).map(({ form }) => form.text);
}

Deno.test("selectCandidates() takes every encoding of the right shape", () => {
  assertEquals(formsFor("mov rax, 1"), ["MOV r64, imm64", "MOV r/m64, imm32"]);
  assertEquals(formsFor("jmp 0"), ["JMP rel32", "JMP rel8"]);
});

Deno.test("selectCandidates() goes by the size keyword and by the register", () => {
  assertEquals(formsFor("inc byte [0]"), ["INC r/m8"]);
  assertEquals(formsFor("inc qword [0]"), ["INC r/m64"]);
  assertEquals(formsFor("movzx eax, word [0]"), ["MOVZX r32, r/m16"]);
  assertEquals(formsFor("mov [0], bl"), ["MOV r/m8, r8"]);
});

Deno.test("selectCandidates() needs no size where the encodings agree about it", () => {
  assertEquals(formsFor("invlpg [rax]"), ["INVLPG m"]);
  assertEquals(formsFor("cmpxchg16b [rax]"), ["CMPXCHG16B m128"]);
  assertEquals(formsFor("fxsave [rax]"), ["FXSAVE m512byte"]);
  assertEquals(new Set(formsFor("fldenv [rax]")), new Set(["FLDENV m14byte", "FLDENV m28byte"]));
});

Deno.test("selectCandidates() gives PUSH and near branches the size of the mode", () => {
  assertEquals(formsFor("push 1", 16), ["PUSH imm16", "PUSH imm8"]);
  assertEquals(formsFor("push byte 1", 32), ["PUSH imm8"]);
  assertEquals(formsFor("jmp [0]", 32), ["JMP r/m32"]);
  assertEquals(formsFor("jmp far [0]", 32), ["JMP m16:32"]);
});

Deno.test("selectCandidates() refuses memory of no known size", () => {
  const refusals = [
    ["mov [rax], 1", "write one of byte, word, dword, qword before the memory operand"],
    ["inc [rax]", "write one of byte, word, dword, qword"],
    ["movzx eax, [rax]", "write one of byte, word before"],
    ["push [rax]", "write one of word, qword before"],
    ["fld [rax]", "write one of dword, qword, tbyte before"],
    ["jmp far [rax]", "write one of fword, tbyte before"],
  ] as const;
  for (const [text, detail] of refusals) {
    assertThrows(() => formsFor(text), SyntaxError, `Operand size is ambiguous, `);
    assertThrows(() => formsFor(text), SyntaxError, detail);
  }
});

Deno.test("selectCandidates() lists the nearest encodings where none takes the operands", () => {
  assertThrows(
    () => formsFor("rdmsr eax"),
    SyntaxError,
    'Cannot assemble line 1 "rdmsr eax": No encoding takes these operands, there are "RDMSR"',
  );
  assertThrows(
    () => formsFor("mov cr0, eax"),
    SyntaxError,
    'there are "MOV r/m32, r32", "MOV r32, r/m32", "MOV Sreg, r32/m16", "MOV moffs32, EAX", ' +
      '"MOV cr, r64", "MOV r/m8, r8", ...',
  );
});

Deno.test("selectCandidates() allows a prefix where the instruction takes it", () => {
  assertEquals(formsFor("lock add [rax], ebx"), ["ADD r/m32, r32"]);
  assertEquals(formsFor("rep stosb"), ["STOSB"]);
  for (const text of ["lock mov [rax], eax", "lock add eax, ebx", "rep hlt", "repne lodsb"]) {
    assertThrows(() => formsFor(text), SyntaxError, "prefix here, write its byte with db");
  }
});
