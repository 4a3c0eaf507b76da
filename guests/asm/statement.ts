import { constant, type Expression, parseValue } from "./expression.ts";
import { type SourceLine, TokenCursor } from "./lexer.ts";
import { type Operand, parseOperand } from "./operand.ts";
import { registerNamed } from "./registers.ts";

/** Prefixes an instruction can be written with, their synonyms resolved. */
export type Prefix = "lock" | "rep" | "repne";

/** A name for the address of what follows. */
export interface LabelStatement {
  readonly kind: "label";
  readonly line: SourceLine;
  readonly name: string;
}

/** One instruction as it was written. */
export interface InstructionStatement {
  readonly kind: "instruction";
  readonly line: SourceLine;
  /** The text of this statement alone. */
  readonly text: string;
  readonly prefix: Prefix | undefined;
  /** Lower case. */
  readonly mnemonic: string;
  readonly operands: readonly Operand[];
}

/** Items of `db`, `dw`, `dd` or `dq`. */
export interface DataStatement {
  readonly kind: "data";
  readonly line: SourceLine;
  readonly text: string;
  /** Bytes of an item. */
  readonly width: 1 | 2 | 4 | 8;
  readonly items: readonly Expression[];
  /** Whether it is no line of the source: a prefix that the instruction behind it was given. */
  readonly inserted?: true;
}

/** Padding up to a multiple of `boundary` bytes. */
export interface AlignStatement {
  readonly kind: "align";
  readonly line: SourceLine;
  readonly text: string;
  readonly boundary: number;
}

/** What a line of source is made of. */
export type Statement = LabelStatement | InstructionStatement | DataStatement | AlignStatement;

const DATA_WIDTHS: ReadonlyMap<string, DataStatement["width"]> = new Map([
  ["db", 1],
  ["dw", 2],
  ["dd", 4],
  ["dq", 8],
]);

const PREFIXES: ReadonlyMap<string, Prefix> = new Map([
  ["lock", "lock"],
  ["rep", "rep"],
  ["repe", "rep"],
  ["repz", "rep"],
  ["repne", "repne"],
  ["repnz", "repne"],
]);

/** The largest boundary of `align`, in bytes: a huge page. */
const MAX_BOUNDARY = 0x200000n;

function parseList<T>(cursor: TokenCursor, parseItem: () => T): T[] {
  const items = [parseItem()];
  while (cursor.accept(",")) items.push(parseItem());
  return items;
}

function parseData(cursor: TokenCursor, width: DataStatement["width"]): Expression[] {
  return parseList(cursor, () => {
    const token = cursor.peek();
    if (token?.kind !== "string") return [parseValue(cursor)];
    if (width !== 1) cursor.fail("Only db takes a string");
    cursor.skip();
    return token.bytes.map((byte) => constant(BigInt(byte)));
  }).flat();
}

function parseBoundary(cursor: TokenCursor): number {
  const token = cursor.peek();
  if (token?.kind !== "number") return cursor.fail("align takes a number of bytes");
  const { value } = token;
  if (value < 1n || value > MAX_BOUNDARY || (value & (value - 1n)) !== 0n) {
    cursor.fail(`Boundary ${value} is not a power of two up to 0x${MAX_BOUNDARY.toString(16)}`);
  }
  cursor.skip();
  return Number(value);
}

function parseLabel(cursor: TokenCursor): string | undefined {
  const token = cursor.peek();
  if (token?.kind !== "name" || !cursor.isMark(":", 1)) return undefined;
  if (registerNamed(token.text) !== undefined) {
    cursor.fail(`A label cannot have the name of register "${token.text}"`);
  }
  cursor.skip(2);
  return token.text;
}

function parseInstruction(
  cursor: TokenCursor,
): Pick<InstructionStatement, "prefix" | "mnemonic" | "operands"> {
  const prefix = PREFIXES.get(cursor.peekName() ?? "");
  if (prefix !== undefined) cursor.skip();
  const mnemonic = cursor.peekName();
  if (mnemonic === undefined) return cursor.fail("Expected an instruction");
  cursor.skip();
  const operands = cursor.peek() === undefined ? [] : parseList(cursor, () => parseOperand(cursor));
  return { prefix, mnemonic, operands };
}

/** The statement's own words: no labels before it, no comment behind it. */
function statementText(line: SourceLine, labels: number): string {
  const withoutComment = line.text.replace(/^((?:"(?:[^"\\]|\\.)*"|[^";#])*).*$/, "$1");
  return withoutComment.split(":").slice(labels).join(":").trim().replace(/\s+/g, " ");
}

function* parseLine(line: SourceLine): Generator<Statement> {
  const cursor = new TokenCursor(line);
  let labels = 0;
  for (let name = parseLabel(cursor); name !== undefined; name = parseLabel(cursor)) {
    labels++;
    yield { kind: "label", line, name };
  }
  if (cursor.peek() === undefined) return;
  const text = statementText(line, labels);
  const keyword = cursor.peekName() ?? "";
  const width = DATA_WIDTHS.get(keyword);
  if (width !== undefined) {
    cursor.skip();
    yield { kind: "data", line, text, width, items: parseData(cursor, width) };
  } else if (keyword === "align") {
    cursor.skip();
    yield { kind: "align", line, text, boundary: parseBoundary(cursor) };
  } else {
    yield { kind: "instruction", line, text, ...parseInstruction(cursor) };
  }
  cursor.expectEnd();
}

/**
 * Reads assembly line by line: `label:` any number of times, then one instruction, data
 * (`db`, `dw`, `dd`, `dq`) or `align`; `;` and `#` start a comment.
 *
 * @throws {SyntaxError} If a line does not read.
 */
export function parseStatements(text: string): Statement[] {
  return text.split("\n").flatMap((lineText, index) => [
    ...parseLine({ number: index + 1, text: lineText }),
  ]);
}
