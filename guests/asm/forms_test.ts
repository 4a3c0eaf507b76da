import { assert, assertEquals } from "@std/assert";
import { Mnemonic, OpCodeOperandKind } from "iced-x86";
import { formsOf } from "./forms.ts";
import { operandRule } from "./operand_rule.ts";

Deno.test("formsOf() lists the encodings of a mnemonic with their modes", () => {
  const forms = formsOf("rdmsr");
  assertEquals(forms.map(({ text }) => text), ["RDMSR"]);
  assertEquals(forms[0]?.bitnesses, [16, 32, 64]);
  assertEquals(formsOf("pusha").flatMap(({ bitnesses }) => bitnesses), [16, 32]);
});

Deno.test("formsOf() knows no mnemonic that is not in the table", () => {
  assertEquals(formsOf("frobnicate"), []);
  assertEquals(formsOf("invalid"), []);
  assertEquals(formsOf("db"), []);
});

Deno.test("formsOf() leaves out encodings of processors long gone", () => {
  assert(!formsOf("mov").some(({ text }) => text.includes("tr")));
  assert(formsOf("umov").length > 0);
});

Deno.test("formsOf() tells far memory from near", () => {
  const far = formsOf("jmp").filter(({ farMemory }) => farMemory);
  assertEquals(far.map(({ memoryBytes }) => memoryBytes), [4, 6, 10]);
});

Deno.test("formsOf() has forms for nearly every mnemonic of the table", () => {
  const names = Object.keys(Mnemonic).filter((name) => /^[A-Z][a-z]/.test(name));
  const known = names.filter((name) => formsOf(name.toLowerCase()).length > 0);
  assert(known.length > 1700, `${known.length} of ${names.length}`);
});

Deno.test("operandRule() understands every operand kind but the displacement of JMPE", () => {
  const kinds = Object.keys(OpCodeOperandKind).filter((kind) => /^\d+$/.test(kind)).map(Number);
  const foreign = kinds.filter((kind) => operandRule(kind).kind === "foreign");
  assertEquals(foreign.map((kind) => OpCodeOperandKind[kind]), ["None", "brdisp_2", "brdisp_4"]);
});
