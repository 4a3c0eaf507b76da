import { Register } from "iced-x86";
import { type Expression, parseValue } from "./expression.ts";
import type { TokenCursor } from "./lexer.ts";
import { type Address, parseAddress } from "./address.ts";
import { registerClass, registerNamed } from "./registers.ts";

/** A register standing alone. */
export interface RegisterOperand {
  readonly kind: "register";
  readonly register: Register;
}

/** A number: an immediate, or the target of a near branch. */
export interface ValueOperand {
  readonly kind: "value";
  readonly value: Expression;
  /** Bytes named by a size keyword. */
  readonly size: number | undefined;
  /** Reach named by `short` or `near`. */
  readonly reach: "short" | "near" | undefined;
}

/** A selector and an offset, the target of a far branch. */
export interface FarOperand {
  readonly kind: "far";
  readonly selector: Expression;
  readonly offset: Expression;
  /** Bytes of the offset named by a size keyword. */
  readonly size: number | undefined;
}

/** A place in memory. */
export interface MemoryOperand extends Address {
  readonly kind: "memory";
  /** Segment override, `Register.None` for the default segment. */
  readonly segment: Register;
  /** Bytes named by a size keyword. */
  readonly size: number | undefined;
  /** Whether `far` asks for a selector and an offset in memory. */
  readonly far: boolean;
}

/** What an instruction works on. */
export type Operand = RegisterOperand | ValueOperand | FarOperand | MemoryOperand;

/** Size keywords in bytes. */
const SIZES: ReadonlyMap<string, number> = new Map([
  ["byte", 1],
  ["word", 2],
  ["dword", 4],
  ["fword", 6],
  ["qword", 8],
  ["tbyte", 10],
  ["tword", 10],
  ["oword", 16],
  ["xmmword", 16],
  ["yword", 32],
  ["ymmword", 32],
  ["zword", 64],
  ["zmmword", 64],
]);

interface Qualifiers {
  size: number | undefined;
  reach: "short" | "near" | undefined;
  far: boolean;
}

function parseQualifiers(cursor: TokenCursor): Qualifiers {
  const found: Qualifiers = { size: undefined, reach: undefined, far: false };
  for (;;) {
    const name = cursor.peekName() ?? "";
    const size = SIZES.get(name);
    if (size !== undefined) {
      if (found.size !== undefined) cursor.fail("Two sizes for one operand");
      found.size = size;
      if (cursor.peekName(1) === "ptr") cursor.skip();
    } else if (name === "short" || name === "near") found.reach = name;
    else if (name === "far") found.far = true;
    else return found;
    cursor.skip();
  }
}

/** Whether a memory operand begins here, its segment override included. */
function startsMemory(cursor: TokenCursor): boolean {
  return cursor.isMark("[") || (cursor.isMark(":", 1) && cursor.isMark("[", 2));
}

function parseSegment(cursor: TokenCursor): Register | undefined {
  const name = cursor.peekName();
  if (name === undefined || !cursor.isMark(":", 1)) return undefined;
  const register = registerNamed(name);
  if (register === undefined || registerClass(register) !== "seg") {
    return cursor.fail(`"${name}" is not a segment register`);
  }
  cursor.skip(2);
  return register;
}

function parseMemory(cursor: TokenCursor, { size, far }: Qualifiers): MemoryOperand {
  const outside = parseSegment(cursor);
  cursor.expect("[");
  const width = SIZES.get(cursor.peekName() ?? "");
  if (width !== undefined) cursor.skip();
  const relative = cursor.peekName() === "rel";
  if (relative) cursor.skip();
  const inside = parseSegment(cursor);
  if (outside !== undefined && inside !== undefined) cursor.fail("Two segments for one operand");
  const address = parseAddress(cursor, { width, relative });
  cursor.expect("]");
  return { kind: "memory", size, far, segment: outside ?? inside ?? Register.None, ...address };
}

/**
 * Reads one operand.
 *
 * @throws {SyntaxError} If no operand stands at the cursor.
 */
export function parseOperand(cursor: TokenCursor): Operand {
  const qualifiers = parseQualifiers(cursor);
  const { size, reach, far } = qualifiers;
  if (startsMemory(cursor)) {
    if (reach !== undefined) cursor.fail(`"${reach}" before a memory operand`);
    return parseMemory(cursor, qualifiers);
  }
  const register = registerNamed(cursor.peekName() ?? "");
  if (register !== undefined && (cursor.peek(1) === undefined || cursor.isMark(",", 1))) {
    if (size !== undefined || reach !== undefined || far) {
      cursor.fail("A register takes no size, its name says it");
    }
    cursor.skip();
    return { kind: "register", register };
  }
  const value = parseValue(cursor);
  if (cursor.accept(":")) {
    if (reach !== undefined) cursor.fail(`"${reach}" before a far pointer`);
    return { kind: "far", selector: value, offset: parseValue(cursor), size };
  }
  if (far) cursor.fail("A far pointer needs a selector and an offset, as in 0x08:label");
  return { kind: "value", value, size, reach };
}
