import type { Register } from "iced-x86";
import type { TokenCursor } from "./lexer.ts";
import { registerNamed } from "./registers.ts";

/** An integer formula; registers occur in it only inside the brackets of a memory operand. */
export type Expression =
  | { readonly kind: "number"; readonly value: bigint }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "here" }
  | { readonly kind: "register"; readonly register: Register; readonly name: string }
  | {
    readonly kind: "+" | "-" | "*";
    readonly left: Expression;
    readonly right: Expression;
  };

/** What the names of an expression stand for. */
export interface Scope {
  /** Addresses of labels and values of external symbols. */
  readonly symbols: ReadonlyMap<string, bigint>;
  /** Address of the statement, `$`. */
  readonly here: bigint;
}

/** The expression of a constant. */
export function constant(value: bigint): Expression {
  return { kind: "number", value };
}

function parseFactor(cursor: TokenCursor): Expression {
  if (cursor.accept("-")) {
    return { kind: "-", left: constant(0n), right: parseFactor(cursor) };
  }
  if (cursor.accept("+")) return parseFactor(cursor);
  if (cursor.accept("$")) return { kind: "here" };
  if (cursor.accept("(")) {
    const inner = parseExpression(cursor);
    cursor.expect(")");
    return inner;
  }
  const token = cursor.peek();
  if (token?.kind === "number") {
    cursor.skip();
    return constant(token.value);
  }
  if (token?.kind === "name") {
    cursor.skip();
    const register = registerNamed(token.text);
    return register === undefined
      ? { kind: "symbol", name: token.text }
      : { kind: "register", register, name: token.text };
  }
  return cursor.fail("Expected a number, a label or an operand");
}

function parseProduct(cursor: TokenCursor): Expression {
  let left = parseFactor(cursor);
  while (cursor.accept("*")) left = { kind: "*", left, right: parseFactor(cursor) };
  return left;
}

/**
 * Reads a formula of `+`, `-`, `*` and parentheses.
 *
 * @throws {SyntaxError} If no formula stands at the cursor.
 */
export function parseExpression(cursor: TokenCursor): Expression {
  let left = parseProduct(cursor);
  for (;;) {
    if (cursor.accept("+")) left = { kind: "+", left, right: parseProduct(cursor) };
    else if (cursor.accept("-")) left = { kind: "-", left, right: parseProduct(cursor) };
    else return left;
  }
}

/** The leaves of `expression`, from left to right. */
export function* leaves(expression: Expression): Generator<Expression> {
  if ("left" in expression) {
    yield* leaves(expression.left);
    yield* leaves(expression.right);
  } else yield expression;
}

/** Whether the value may change while the layout settles. */
export function isSymbolic(expression: Expression): boolean {
  return leaves(expression).some((leaf) => leaf.kind === "symbol" || leaf.kind === "here");
}

/**
 * Reads a formula without registers.
 *
 * @throws {SyntaxError} If a register occurs in it.
 */
export function parseValue(cursor: TokenCursor): Expression {
  const expression = parseExpression(cursor);
  for (const leaf of leaves(expression)) {
    if (leaf.kind === "register") cursor.fail(`Register "${leaf.name}" is not a number`);
  }
  return expression;
}

/**
 * The number `expression` stands for.
 *
 * @throws {TypeError} If it holds a register or a name missing from `scope`; the parser and the
 * check for unknown labels keep both out.
 */
export function evaluate(expression: Expression, scope: Scope): bigint {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "here":
      return scope.here;
    case "symbol": {
      const value = scope.symbols.get(expression.name);
      if (value === undefined) {
        throw new TypeError(`Cannot evaluate "${expression.name}": It has no value`);
      }
      return value;
    }
    case "register":
      throw new TypeError(`Cannot evaluate "${expression.name}": It is a register`);
    case "+":
      return evaluate(expression.left, scope) + evaluate(expression.right, scope);
    case "-":
      return evaluate(expression.left, scope) - evaluate(expression.right, scope);
    case "*":
      return evaluate(expression.left, scope) * evaluate(expression.right, scope);
  }
}
