import { Register } from "iced-x86";
import { constant, type Expression, leaves, parseExpression } from "./expression.ts";
import type { TokenCursor } from "./lexer.ts";
import { addressBits, isVector } from "./registers.ts";

/** What stands between the brackets of a memory operand. */
export interface Address {
  /** Base register, RIP and EIP included, or `Register.None`. */
  readonly base: Register;
  /** Index register or `Register.None`. */
  readonly index: Register;
  /** 1, 2, 4 or 8. */
  readonly scale: number;
  readonly displacement: Expression;
  /**
   * Whether a RIP-relative displacement names the place itself, as `[rel label]` does, and not the
   * distance from the next instruction, as `[rip + 8]` does.
   */
  readonly relative: boolean;
}

interface Term {
  readonly register: Register;
  readonly name: string;
  readonly scale: bigint;
}

/** Splits `expression` into its registers and the rest, a sum. */
function splitSum(
  cursor: TokenCursor,
  expression: Expression,
): { terms: Term[]; rest: Expression } {
  const registers = [...leaves(expression)].filter((leaf) => leaf.kind === "register");
  if (registers.length === 0) return { terms: [], rest: expression };
  if (expression.kind === "register") {
    const { register, name } = expression;
    return { terms: [{ register, name, scale: 1n }], rest: constant(0n) };
  }
  if (expression.kind === "+" || expression.kind === "-") {
    const left = splitSum(cursor, expression.left);
    const right = splitSum(cursor, expression.right);
    if (expression.kind === "+" || right.terms.length === 0) {
      return {
        terms: [...left.terms, ...right.terms],
        rest: { kind: expression.kind, left: left.rest, right: right.rest },
      };
    }
  }
  if (expression.kind === "*") {
    const { left, right } = expression;
    const [scaled, factor] = left.kind === "register" ? [left, right] : [right, left];
    if (scaled.kind === "register" && factor.kind === "number") {
      const { register, name } = scaled;
      return { terms: [{ register, name, scale: factor.value }], rest: constant(0n) };
    }
  }
  return cursor.fail("A register in an address is added, or multiplied by a number");
}

/** Whether only the base can be `register`: the index field has no code for a stack pointer. */
function isBaseOnly({ register }: Term): boolean {
  return [Register.ESP, Register.RSP, Register.BX, Register.BP].includes(register);
}

/** Tells base from index, the order in which they were written counting last. */
function chooseBase(terms: readonly Term[]): { base: Term | undefined; index: Term | undefined } {
  const [first, second] = terms;
  if (first === undefined) return { base: undefined, index: undefined };
  const indexFirst = first.scale !== 1n || isVector(first.register) ||
    (second !== undefined && isBaseOnly(second) && !isBaseOnly(first));
  return indexFirst ? { base: second, index: first } : { base: first, index: second };
}

function checkTerms(cursor: TokenCursor, terms: readonly Term[]): void {
  for (const { register, name, scale } of terms) {
    if (addressBits(register) === undefined && !isVector(register)) {
      cursor.fail(`Register "${name}" cannot address memory`);
    }
    if (![1n, 2n, 4n, 8n].includes(scale)) cursor.fail(`Scale ${scale} is not 1, 2, 4 or 8`);
  }
  if (terms.length > 2) cursor.fail("An address takes at most two registers");
  const widths = new Set(
    terms.filter(({ register }) => !isVector(register))
      .map(({ register }) => addressBits(register)),
  );
  if (widths.size > 1) cursor.fail("Base and index differ in width");
}

/** The keywords at the start of the brackets. */
interface AddressKeywords {
  /** Bytes of the address, for one that no register gives a width. */
  readonly width: number | undefined;
  /** Whether `rel` asks for an address relative to RIP. */
  readonly relative: boolean;
}

function parseRelative(cursor: TokenCursor, width: number | undefined): Address {
  const { terms, rest } = splitSum(cursor, parseExpression(cursor));
  if (terms.length > 0) cursor.fail("An address after rel takes no register");
  return {
    base: width === 4 ? Register.EIP : Register.RIP,
    index: Register.None,
    scale: 1,
    displacement: rest,
    relative: true,
  };
}

/**
 * Reads what stands between the brackets, up to but without the closing one.
 *
 * @throws {SyntaxError} If the registers do not make an address.
 */
export function parseAddress(
  cursor: TokenCursor,
  { width, relative }: AddressKeywords,
): Address {
  if (relative) return parseRelative(cursor, width);
  const { terms, rest } = splitSum(cursor, parseExpression(cursor));
  checkTerms(cursor, terms);
  if (width !== undefined && terms.length > 0) {
    cursor.fail("A size inside the brackets is that of the address, write it before them");
  }
  const { base, index } = chooseBase(terms);
  if (base !== undefined && (base.scale !== 1n || isVector(base.register))) {
    cursor.fail("An address takes one scaled register");
  }
  const ipRelative = base?.register === Register.RIP || base?.register === Register.EIP;
  if (terms.length === 2 && terms.some(({ name }) => /^[er]ip$/i.test(name))) {
    cursor.fail("RIP takes no second register");
  }
  return {
    base: base?.register ?? Register.None,
    index: index?.register ?? Register.None,
    scale: Number(index?.scale ?? 1n),
    displacement: rest,
    relative: ipRelative && leaves(rest).some((leaf) => leaf.kind === "symbol"),
  };
}
