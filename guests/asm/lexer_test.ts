import { assert, assertEquals, assertThrows } from "@std/assert";
import { type SourceLine, TokenCursor, tokenize } from "./lexer.ts";

function line(text: string): SourceLine {
  return { number: 7, text };
}

Deno.test("tokenize() tells numbers, names, strings and marks apart", () => {
  assertEquals(tokenize(line('.a_1: db 0x1F, 0b101, 12, "hi", [$]')), [
    { kind: "name", text: ".a_1" },
    { kind: "mark", text: ":" },
    { kind: "name", text: "db" },
    { kind: "number", value: 0x1fn },
    { kind: "mark", text: "," },
    { kind: "number", value: 5n },
    { kind: "mark", text: "," },
    { kind: "number", value: 12n },
    { kind: "mark", text: "," },
    { kind: "string", bytes: [0x68, 0x69] },
    { kind: "mark", text: "," },
    { kind: "mark", text: "[" },
    { kind: "mark", text: "$" },
    { kind: "mark", text: "]" },
  ]);
});

Deno.test("tokenize() drops comments, but not the marks of a comment in a string", () => {
  assertEquals(tokenize(line("  ; all of it")), []);
  assertEquals(tokenize(line('db ";#" # the rest')), [
    { kind: "name", text: "db" },
    { kind: "string", bytes: [0x3b, 0x23] },
  ]);
});

Deno.test("tokenize() resolves the escapes of a string", () => {
  assertEquals(tokenize(line(String.raw`"\n\r\t\0\\\"\x7f"`)), [
    { kind: "string", bytes: [0x0a, 0x0d, 0x09, 0x00, 0x5c, 0x22, 0x7f] },
  ]);
});

Deno.test("tokenize() names the line in every refusal", () => {
  assertThrows(
    () => tokenize(line("  mov eax, 0x1g")),
    SyntaxError,
    'Cannot assemble line 7 "mov eax, 0x1g": Malformed number "0x1g"',
  );
  assertThrows(() => tokenize(line("mov eax, @x")), SyntaxError, 'Unexpected "@x"');
  assertThrows(() => tokenize(line('db "open')), SyntaxError, 'Unexpected ""open"');
  assertThrows(() => tokenize(line(String.raw`db "\q"`)), SyntaxError, 'Unknown escape "\\q"');
  assertThrows(() => tokenize(line('db "\u20ac"')), SyntaxError, "does not fit in a byte");
});

Deno.test("TokenCursor.accept() moves past the mark it is asked for only", () => {
  const cursor = new TokenCursor(line("[ rax"));
  assert(!cursor.accept("]"));
  assert(cursor.accept("["));
  assertEquals(cursor.peekName(), "rax");
});

Deno.test("TokenCursor.expect() says what stands there instead", () => {
  assertThrows(() => new TokenCursor(line("5")).expect("]"), SyntaxError, 'Expected "]" at "5"');
  assertThrows(
    () => new TokenCursor(line("")).expect("]"),
    SyntaxError,
    'Expected "]" at the end of the line',
  );
  assertThrows(
    () => new TokenCursor(line('"s"')).expectEnd(),
    SyntaxError,
    "Unexpected text at a string",
  );
});
