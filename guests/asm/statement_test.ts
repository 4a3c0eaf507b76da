import { assertEquals, assertThrows } from "@std/assert";
import { parseStatements } from "./statement.ts";

Deno.test("parseStatements() reads labels alone, before an instruction, and several", () => {
  const found = parseStatements("a:\nb: c: hlt").map((statement) =>
    statement.kind === "label" ? statement.name : statement.kind
  );
  assertEquals(found, ["a", "b", "c", "instruction"]);
});

Deno.test("parseStatements() keeps the words of a statement without labels and comments", () => {
  const texts = parseStatements('top: jmp   0x08:top ; back\nmsg: db "a:b;c", 1 # data').flatMap((
    statement,
  ) => statement.kind === "label" ? [] : [statement.text]);
  assertEquals(texts, ["jmp 0x08:top", 'db "a:b;c", 1']);
});

Deno.test("parseStatements() resolves the synonyms of prefixes", () => {
  const prefixes = parseStatements("repz cmpsb\nrepnz scasb\nrep stosb\nlock inc byte [0]\nnop")
    .map((statement) => statement.kind === "instruction" ? statement.prefix : "none");
  assertEquals(prefixes, ["rep", "repne", "rep", "lock", undefined]);
});

Deno.test("parseStatements() reads a label with the name of an instruction", () => {
  const [label, instruction] = parseStatements("rdmsr: rdmsr");
  assertEquals(label?.kind, "label");
  assertEquals(instruction?.kind, "instruction");
});

Deno.test("parseStatements() spells strings out into bytes", () => {
  const [data] = parseStatements('db "hi", 0');
  assertEquals(data?.kind === "data" && data.items.length, 3);
});

Deno.test("parseStatements() names the line it cannot read", () => {
  const refusals = [
    ["nop\nrax: nop", 'line 2 "rax: nop": A label cannot have the name of register "rax"'],
    ["lock", 'line 1 "lock": Expected an instruction'],
    ["5", 'line 1 "5": Expected an instruction'],
    ["mov eax, 1 2", 'Unexpected text at "2"'],
    ["db", "Expected a number, a label or an operand"],
    ['dw "hi"', "Only db takes a string"],
    ["align", "align takes a number of bytes"],
    ["align 3", "Boundary 3 is not a power of two up to 0x200000"],
    ["align 0x400000", "Boundary 4194304 is not a power of two up to 0x200000"],
  ] as const;
  for (const [text, detail] of refusals) {
    assertThrows(() => parseStatements(text), SyntaxError, detail);
  }
});
