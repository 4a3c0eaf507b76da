import { disassemble, type DisassembledLine } from "./disassemble.ts";
import type { Bitness } from "./source.ts";

/** What to show of the code around an instruction pointer. */
export interface DisassembleAroundOptions {
  /** Mode the code runs in, in bits. */
  readonly bitness: Bitness;
  /** Address of the first of the bytes. */
  readonly base: number | bigint;
  /** The instruction pointer to point at. */
  readonly ip: number | bigint;
  /** Instructions to show before it, 4 by default. */
  readonly before?: number;
  /** Instructions to show after it, 4 by default. */
  readonly after?: number;
  /** Labels and their addresses; each is taken for the start of an instruction. */
  readonly symbols?: ReadonlyMap<string, number>;
  /** An address where an instruction is known to start, at or before `ip`. */
  readonly codeStart?: number | bigint;
}

/** Bytes of the longest instruction. */
const MAX_INSTRUCTION = 15;

/** The bytes with their place. */
class Window {
  readonly #bytes: Uint8Array;
  readonly #bitness: Bitness;
  readonly start: bigint;
  readonly end: bigint;

  constructor(bytes: Uint8Array, base: bigint, bitness: Bitness) {
    this.#bytes = bytes;
    this.#bitness = bitness;
    this.start = base;
    this.end = base + BigInt(bytes.length);
  }

  includes(address: bigint): boolean {
    return address >= this.start && address < this.end;
  }

  /** The part at and after `address`. */
  from(address: bigint): Window {
    return new Window(this.#bytes.subarray(Number(address - this.start)), address, this.#bitness);
  }

  /** Decodes from `from` up to `to`, both inside; what straddles `to` is cut there. */
  decode(from: bigint, to: bigint): DisassembledLine[] {
    const bytes = this.#bytes.subarray(Number(from - this.start), Number(to - this.start));
    return disassemble(bytes, { bitness: this.#bitness, ip: from });
  }
}

function isBad({ text }: DisassembledLine): boolean {
  return text === "(bad)";
}

/**
 * Decodes the instructions before `ip` with no start known: from every byte near enough it tries
 * to arrive at `ip` with sound instructions only, and keeps the way that starts first.
 */
function decodeBackwards(window: Window, ip: bigint, before: number): DisassembledLine[] {
  const reach = ip - BigInt(before * MAX_INSTRUCTION);
  for (let from = reach > window.start ? reach : window.start; from < ip; from++) {
    const lines = window.decode(from, ip);
    if (!lines.some(isBad)) return lines;
  }
  return [];
}

/** Decodes piece by piece, so that data before a boundary cannot swallow code behind it. */
function decodeBetween(window: Window, boundaries: readonly bigint[]): DisassembledLine[] {
  return boundaries.flatMap((from, index) => {
    const to = boundaries[index + 1];
    return to === undefined ? [] : window.decode(from, to);
  });
}

/** The `count` instructions before `ip`, or as many as there are. */
function linesBefore(
  window: Window,
  known: readonly bigint[],
  ip: bigint,
  count: number,
): DisassembledLine[] {
  if (count === 0) return [];
  const earlier = known.filter((address) => address < ip);
  const near = earlier.findLastIndex((address) => address <= ip - BigInt(count * MAX_INSTRUCTION));
  const boundaries = [...earlier.slice(Math.max(0, near)), ip];
  const sure = decodeBetween(window, boundaries);
  const [first = ip] = boundaries;
  const guessed = sure.length < count ? decodeBackwards(window, first, count) : [];
  return [...guessed, ...sure].slice(-count);
}

/** The instruction at `ip` and the `count` after it. */
function linesFrom(
  window: Window,
  known: readonly bigint[],
  ip: bigint,
  count: number,
): DisassembledLine[] {
  const reach = ip + BigInt((count + 1) * MAX_INSTRUCTION);
  const end = reach < window.end ? reach : window.end;
  const later = known.filter((address) => address > ip && address < end);
  return decodeBetween(window, [ip, ...later, end]).slice(0, count + 1);
}

function hex(value: bigint): string {
  return value.toString(16).padStart(8, "0");
}

function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** Labels by address: more than one may stand at the same place. */
function labelsByAddress(symbols: ReadonlyMap<string, number>): Map<bigint, string[]> {
  return Map.groupBy(symbols.keys(), (name) => BigInt(symbols.get(name) ?? 0));
}

/** Prints lines with labels, an arrow at `ip`, and the names of what they refer to. */
function render(
  lines: readonly DisassembledLine[],
  ip: bigint,
  labels: ReadonlyMap<bigint, readonly string[]>,
): string {
  const width = Math.max(...lines.map(({ bytes }) => bytes.length * 3 - 1));
  return lines.flatMap(({ address, bytes, text, target }) => {
    const [targetLabel] = target === undefined ? [] : labels.get(target) ?? [];
    const arrow = address === ip ? "=>" : "  ";
    const note = targetLabel === undefined ? "" : ` ; ${targetLabel}`;
    const row = `${arrow} ${hex(address)}  ${hexBytes(bytes).padEnd(width)}  ${text}${note}`;
    return [...(labels.get(address) ?? []).map((label) => `${label}:`), row];
  }).join("\n");
}

/**
 * Text around an instruction pointer for failure messages, an arrow at the instruction.
 *
 * Going backwards through x86 code is guesswork. `codeStart` and the labels in `symbols` settle it:
 * decoding starts there. Without them the longest sound way to `ip` is shown.
 *
 * It never throws over what it finds: an `ip` outside of the bytes, or code that does not decode,
 * is part of the text.
 *
 * @example Usage
 * ```ts
 * import { asm64, assemble, disassembleAround } from "@trapline/trapline";
 * import { assertEquals } from "@std/assert";
 *
 * const { bytes, base, symbols } = assemble(
 *   asm64`
 *     mov ecx, 0x174
 *   access:
 *     rdmsr
 *     jmp access
 *   `,
 *   { base: 0x1000 },
 * );
 * const text = disassembleAround(bytes, { bitness: 64, base, ip: 0x1005, symbols });
 * assertEquals(
 *   text,
 *   [
 *     "   00001000  b9 74 01 00 00  mov ecx, 0x174",
 *     "access:",
 *     "=> 00001005  0f 32           rdmsr",
 *     "   00001007  eb fc           jmp 0x1005 ; access",
 *   ].join("\n"),
 * );
 * ```
 */
export function disassembleAround(bytes: Uint8Array, options: DisassembleAroundOptions): string {
  const { bitness, before = 4, after = 4, symbols = new Map<string, number>() } = options;
  const ip = BigInt(options.ip);
  const window = new Window(bytes, BigInt(options.base), bitness);
  if (!window.includes(ip)) {
    return `=> ${hex(ip)}  outside of the code, ${hex(window.start)} to ${hex(window.end)}`;
  }
  const labels = labelsByAddress(symbols);
  const codeStart = BigInt(options.codeStart ?? ip);
  const isKnownStart = options.codeStart !== undefined && window.includes(codeStart) &&
    codeStart <= ip;
  const code = isKnownStart ? window.from(codeStart) : window;
  const known = [...new Set([...(isKnownStart ? [codeStart] : []), ...labels.keys()])]
    .filter((address) => code.includes(address))
    .sort((left, right) => (left < right ? -1 : 1));
  const lines = [...linesBefore(code, known, ip, before), ...linesFrom(code, known, ip, after)];
  return render(lines, ip, labels);
}
