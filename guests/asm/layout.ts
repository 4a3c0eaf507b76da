import { Encoder } from "iced-x86";
import { dependsOnLayout, encodeForm } from "./encode.ts";
import { evaluate, type Scope } from "./expression.ts";
import { lineError } from "./lexer.ts";
import { Misfit, outOfRange } from "./misfit.ts";
import { type Candidate, listForms, selectCandidates } from "./select.ts";
import type { Bitness } from "./source.ts";
import type {
  AlignStatement,
  DataStatement,
  InstructionStatement,
  Statement,
} from "./statement.ts";

/** A statement with its place and its bytes. */
export interface PlacedStatement {
  readonly statement: Statement;
  /** GPA of its first byte. */
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** Values the layout starts from. */
export interface LayoutOptions {
  readonly bitness: Bitness;
  readonly base: bigint;
  /** Values of names that are no labels. */
  readonly externals: ReadonlyMap<string, bigint>;
}

/** A statement on its way to a settled layout. */
interface Draft {
  readonly statement: Statement;
  /** Encodings of an instruction. */
  readonly candidates: readonly Candidate[];
  /** Whether `bytes` are final, wherever the statement ends up. */
  settled: boolean;
  bytes: Uint8Array;
}

const NOP = 0x90;

function fillData({ width, items }: DataStatement, scope: Scope): Uint8Array {
  const bytes = new Uint8Array(width * items.length);
  const bits = width * 8;
  items.forEach((item, index) => {
    const value = evaluate(item, scope);
    if (BigInt.asUintN(bits, value) !== value && BigInt.asIntN(bits, value) !== value) {
      throw outOfRange(value);
    }
    for (let byte = 0; byte < width; byte++) {
      bytes[index * width + byte] = Number(BigInt.asUintN(8, value >> BigInt(byte * 8)));
    }
  });
  return bytes;
}

function fillAlignment({ boundary }: AlignStatement, { here }: Scope): Uint8Array {
  const size = BigInt(boundary);
  return new Uint8Array(Number((size - here % size) % size)).fill(NOP);
}

/** The shortest bytes of at least `atLeast` that say what the instruction says. */
function fillInstruction(
  encoder: Encoder,
  { prefix }: InstructionStatement,
  candidates: readonly Candidate[],
  place: { readonly bitness: Bitness; readonly scope: Scope; readonly atLeast: number },
): Uint8Array {
  const { bitness, scope, atLeast } = place;
  const reasons = new Set<string>();
  let best: Uint8Array | undefined;
  for (const { form, operands } of candidates) {
    try {
      const bytes = encodeForm(encoder, form, { bitness, prefix, operands, scope });
      if (bytes.length < atLeast) continue;
      if (best === undefined || bytes.length < best.length) best = bytes;
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      reasons.add(error.message);
    }
  }
  if (best !== undefined) return best;
  throw new Misfit(
    `${[...reasons].join(" and ")} for ${listForms(candidates.map(({ form }) => form))}`,
  );
}

function draftOf(statement: Statement, bitness: Bitness): Draft {
  const candidates = statement.kind === "instruction" ? selectCandidates(statement, bitness) : [];
  return { statement, candidates, settled: false, bytes: new Uint8Array() };
}

function fill(encoder: Encoder, draft: Draft, bitness: Bitness, scope: Scope): Uint8Array {
  const { statement, candidates } = draft;
  if (statement.kind === "data") return fillData(statement, scope);
  if (statement.kind === "align") return fillAlignment(statement, scope);
  if (statement.kind === "label") return draft.bytes;
  const atLeast = draft.bytes.length;
  const bytes = fillInstruction(encoder, statement, candidates, { bitness, scope, atLeast });
  draft.settled = !candidates.some(({ form, operands }) => dependsOnLayout(form, operands));
  return bytes;
}

/**
 * Goes over the drafts once, from the label addresses of the last time to new ones.
 *
 * @returns Whether a label moved, and the first statement that did not fit.
 */
function sweep(
  encoder: Encoder,
  drafts: readonly Draft[],
  symbols: Map<string, bigint>,
  { bitness, base }: LayoutOptions,
): { moved: boolean; problem: SyntaxError | undefined } {
  let moved = false;
  let problem: SyntaxError | undefined;
  let here = base;
  for (const draft of drafts) {
    const { statement } = draft;
    if (statement.kind === "label") {
      moved ||= symbols.get(statement.name) !== here;
      symbols.set(statement.name, here);
    } else if (!draft.settled) {
      try {
        draft.bytes = fill(encoder, draft, bitness, { symbols, here });
      } catch (error) {
        if (!(error instanceof Misfit)) throw error;
        problem ??= lineError(statement.line, error.message);
      }
    }
    here += BigInt(draft.bytes.length);
  }
  return { moved, problem };
}

/**
 * Gives every statement its address and its bytes.
 *
 * All labels start at the base. Each sweep encodes with the addresses the last one found, and no
 * instruction ever gets shorter again, so the addresses settle.
 *
 * @throws {SyntaxError} If a statement has no encoding.
 */
export function layOut(
  statements: readonly Statement[],
  options: LayoutOptions,
): PlacedStatement[] {
  const { base, bitness, externals } = options;
  const symbols = new Map(externals);
  for (const statement of statements) {
    if (statement.kind === "label") symbols.set(statement.name, base);
  }
  const drafts = statements.map((statement) => draftOf(statement, bitness));
  const encoder = new Encoder(bitness);
  try {
    let outcome = sweep(encoder, drafts, symbols, options);
    while (outcome.moved) outcome = sweep(encoder, drafts, symbols, options);
    if (outcome.problem !== undefined) throw outcome.problem;
  } finally {
    encoder.free();
  }
  let address = base;
  return drafts.map(({ statement, bytes }) => {
    const placed = { statement, address, bytes };
    address += BigInt(bytes.length);
    return placed;
  });
}
