import { assert, assertEquals, assertThrows } from "@std/assert";
import { evaluate, isSymbolic, parseExpression, parseValue } from "./expression.ts";
import { TokenCursor } from "./lexer.ts";

function cursor(text: string): TokenCursor {
  return new TokenCursor({ number: 1, text });
}

const SCOPE = { symbols: new Map([["table", 0x2000n], ["end", 0x2040n]]), here: 0x1000n };

function value(text: string): bigint {
  return evaluate(parseValue(cursor(text)), SCOPE);
}

Deno.test("evaluate() multiplies before it adds and subtracts from the left", () => {
  assertEquals(value("2 + 3 * 4"), 14n);
  assertEquals(value("(2 + 3) * 4"), 20n);
  assertEquals(value("10 - 3 - 2"), 5n);
  assertEquals(value("-2 * -(1 + 2)"), 6n);
  assertEquals(value("- -5 + +1"), 6n);
});

Deno.test("evaluate() looks names up and knows where it stands", () => {
  assertEquals(value("end - table"), 0x40n);
  assertEquals(value("$ + 2"), 0x1002n);
});

Deno.test("evaluate() refuses a name without a value and a register", () => {
  assertThrows(() => value("nowhere"), TypeError, 'Cannot evaluate "nowhere": It has no value');
  assertThrows(
    () => evaluate(parseExpression(cursor("rax + 1")), SCOPE),
    TypeError,
    'Cannot evaluate "rax": It is a register',
  );
});

Deno.test("isSymbolic() is true of what moves with the layout", () => {
  assert(isSymbolic(parseValue(cursor("1 + table"))));
  assert(isSymbolic(parseValue(cursor("-$"))));
  assert(!isSymbolic(parseValue(cursor("(1 + 2) * 3"))));
});

Deno.test("parseValue() refuses a register and a missing operand", () => {
  assertThrows(() => value("1 + rax"), SyntaxError, 'Register "rax" is not a number');
  assertThrows(() => value("1 +"), SyntaxError, "Expected a number, a label or an operand");
  assertThrows(() => value("(1"), SyntaxError, 'Expected ")" at the end of the line');
});
