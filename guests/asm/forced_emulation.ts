/**
 * The forced-emulation prefix: `ud2` and the bytes "kvm", which send the
 * instruction behind them through KVM's emulator.
 *
 * @module
 */
import { constant, evaluate, isSymbolic } from "./expression.ts";
import type { Bitness } from "./source.ts";
import type { DataStatement, Statement } from "./statement.ts";

const PREFIX_BYTES: readonly number[] = [0x0f, 0x0b, 0x6b, 0x76, 0x6d];

/** The prefix as a line of assembly. */
export const FORCED_EMULATION_PREFIX = `db ${
  PREFIX_BYTES.map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(", ")
}`;

/** Bytes of the prefix. */
export const FORCED_EMULATION_PREFIX_SIZE = PREFIX_BYTES.length;

const EMULATED: readonly string[] = ["rdmsr", "wrmsr"];

const LEGACY_PREFIXES: readonly number[] = [
  ...[0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65],
  ...[0x66, 0x67],
  ...[0xf0, 0xf2, 0xf3],
];

/** Whether the prefix stands in `bytes` at `offset`. */
export function isForcedEmulationPrefix(bytes: Uint8Array, offset: number): boolean {
  return PREFIX_BYTES.every((byte, i) => bytes[offset + i] === byte);
}

/** The bytes that a statement is known to have before anything is laid out, if it is. */
function knownBytes(statement: Statement): readonly number[] | undefined {
  if (statement.kind === "instruction") {
    return statement.mnemonic === "ud2" && statement.prefix === undefined
      ? [0x0f, 0x0b]
      : undefined;
  }
  if (statement.kind !== "data" || statement.width !== 1) return undefined;
  if (statement.items.some(isSymbolic)) return undefined;
  const nowhere = { symbols: new Map(), here: 0n };
  return statement.items.map((item) => Number(BigInt.asUintN(8, evaluate(item, nowhere))));
}

/** Whether all of `bytes` are prefixes of the instruction behind them. */
function arePrefixes(bytes: readonly number[] | undefined, bitness: Bitness): boolean {
  return bytes !== undefined &&
    bytes.every((byte) => LEGACY_PREFIXES.includes(byte) || (bitness === 64 && byte >> 4 === 4));
}

/** Where the instruction that ends at `index` starts: at the prefixes that `db` writes before it. */
function startOf(statements: readonly Statement[], index: number, bitness: Bitness): number {
  let start = index;
  for (let i = index - 1; i >= 0; i--) {
    const statement = statements[i]!;
    if (statement.kind === "label") continue;
    if (!arePrefixes(knownBytes(statement), bitness)) break;
    start = i;
  }
  return start;
}

/** Whether the source itself has the prefix before the instruction that starts at `index`. */
function isPrefixed(statements: readonly Statement[], index: number): boolean {
  const before: number[] = [];
  for (let i = index - 1; i >= 0 && before.length < PREFIX_BYTES.length; i--) {
    const statement = statements[i]!;
    if (statement.kind === "label") continue;
    const bytes = knownBytes(statement);
    if (bytes === undefined) break;
    before.unshift(...bytes);
  }
  const from = before.length - PREFIX_BYTES.length;
  return from >= 0 && isForcedEmulationPrefix(new Uint8Array(before), from);
}

function prefixFor({ line }: Statement): DataStatement {
  return {
    kind: "data",
    line,
    text: FORCED_EMULATION_PREFIX,
    width: 1,
    items: PREFIX_BYTES.map((byte) => constant(BigInt(byte))),
    inserted: true,
  };
}

/**
 * Puts the prefix before every RDMSR and WRMSR that has none, behind the
 * labels there, so that a branch to them leads to the prefix.
 */
export function forceEmulation(statements: readonly Statement[], bitness: Bitness): Statement[] {
  const prefixed = new Set<number>();
  statements.forEach((statement, index) => {
    if (statement.kind !== "instruction" || !EMULATED.includes(statement.mnemonic)) return;
    const start = startOf(statements, index, bitness);
    if (!isPrefixed(statements, start)) prefixed.add(start);
  });
  return statements.flatMap((statement, index) =>
    prefixed.has(index) ? [prefixFor(statement), statement] : [statement]
  );
}
