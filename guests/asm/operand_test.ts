import { assert, assertEquals, assertThrows } from "@std/assert";
import { Register } from "iced-x86";
import { evaluate } from "./expression.ts";
import { TokenCursor } from "./lexer.ts";
import { type MemoryOperand, type Operand, parseOperand } from "./operand.ts";

const SCOPE = { symbols: new Map([["label", 0x2000n]]), here: 0n };

function operand(text: string): Operand {
  return parseOperand(new TokenCursor({ number: 1, text }));
}

/** A memory operand in short: the registers, the scale and the value of the displacement. */
function memory(text: string): { parsed: MemoryOperand; summary: (string | number)[] } {
  const parsed = operand(text);
  assert(parsed.kind === "memory");
  const { base, index, scale, displacement } = parsed;
  const names = [Register[base] ?? "", Register[index] ?? ""];
  return { parsed, summary: [...names, scale, Number(evaluate(displacement, SCOPE))] };
}

Deno.test("parseOperand() reads a register in any case", () => {
  assertEquals(operand("RAX"), { kind: "register", register: Register.RAX });
  assertEquals(operand("r8b"), { kind: "register", register: Register.R8L });
  assertEquals(operand("xmm31"), { kind: "register", register: Register.XMM31 });
});

Deno.test("parseOperand() reads base, index, scale and displacement in any order", () => {
  assertEquals(memory("[rax]").summary, ["RAX", "None", 1, 0]);
  assertEquals(memory("[rax + rbx]").summary, ["RAX", "RBX", 1, 0]);
  assertEquals(memory("[rbx*4 + rax - 8]").summary, ["RAX", "RBX", 4, -8]);
  assertEquals(memory("[4*rbx + 0x10 + rax + 2]").summary, ["RAX", "RBX", 4, 0x12]);
  assertEquals(memory("[label + rcx*8]").summary, ["None", "RCX", 8, 0x2000]);
  assertEquals(memory("[rax + (label - 0x1000)]").summary, ["RAX", "None", 1, 0x1000]);
});

Deno.test("parseOperand() makes the base of what cannot be an index", () => {
  assertEquals(memory("[rax + rsp]").summary, ["RSP", "RAX", 1, 0]);
  assertEquals(memory("[si + bx]").summary, ["BX", "SI", 1, 0]);
  assertEquals(memory("[ymm1 + rax]").summary, ["RAX", "YMM1", 1, 0]);
});

Deno.test("parseOperand() reads sizes with and without ptr", () => {
  assertEquals(memory("dword [rax]").parsed.size, 4);
  assertEquals(memory("DWORD PTR [rax]").parsed.size, 4);
  assertEquals(memory("[rax]").parsed.size, undefined);
  assert(memory("far dword [rax]").parsed.far);
});

Deno.test("parseOperand() reads a segment before or inside the brackets", () => {
  assertEquals(memory("fs:[0x10]").parsed.segment, Register.FS);
  assertEquals(memory("qword ptr [gs:rax]").parsed.segment, Register.GS);
  assertEquals(memory("[rax]").parsed.segment, Register.None);
});

Deno.test("parseOperand() tells a place relative to RIP from a distance", () => {
  assert(memory("[rel label]").parsed.relative);
  assert(memory("[rip + label]").parsed.relative);
  assert(!memory("[rip + 8]").parsed.relative);
  assertEquals(memory("[rel 8]").summary, ["RIP", "None", 1, 8]);
  assertEquals(memory("[dword rel 8]").summary, ["EIP", "None", 1, 8]);
});

Deno.test("parseOperand() reads far pointers and the reach of branches", () => {
  assertEquals(operand("0x08:0x1000"), {
    kind: "far",
    selector: { kind: "number", value: 8n },
    offset: { kind: "number", value: 0x1000n },
    size: undefined,
  });
  assertEquals(operand("short 5"), {
    kind: "value",
    value: { kind: "number", value: 5n },
    size: undefined,
    reach: "short",
  });
});

Deno.test("parseOperand() says what is wrong with an operand", () => {
  const refusals = [
    ["[rax*3]", "Scale 3 is not 1, 2, 4 or 8"],
    ["[rax + rbx + rcx]", "An address takes at most two registers"],
    ["[rax*2 + rbx*2]", "An address takes one scaled register"],
    ["[rax + ebx]", "Base and index differ in width"],
    ["[rip + rax]", "RIP takes no second register"],
    ["[rel rax]", "An address after rel takes no register"],
    ["[1 - rax]", "A register in an address is added, or multiplied by a number"],
    ["[rax*label]", "A register in an address is added, or multiplied by a number"],
    ["[al]", 'Register "al" cannot address memory'],
    ["[dword rax]", "A size inside the brackets is that of the address, write it before them"],
    ["[rax", 'Expected "]" at the end of the line'],
    ["ax:[0]", '"ax" is not a segment register'],
    ["fs:[gs:0]", "Two segments for one operand"],
    ["byte word [0]", "Two sizes for one operand"],
    ["byte al", "A register takes no size, its name says it"],
    ["short [0]", '"short" before a memory operand'],
    ["near 8:0", '"near" before a far pointer'],
    ["far label", "A far pointer needs a selector and an offset, as in 0x08:label"],
  ] as const;
  for (const [text, detail] of refusals) {
    assertThrows(() => operand(text), SyntaxError, `"${text}": ${detail}`);
  }
});
