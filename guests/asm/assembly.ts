import type { PlacedStatement } from "./layout.ts";
import type { Bitness } from "./source.ts";

/** Bytes that a listing prints of data before it cuts the rest off. */
const LISTED_DATA = 8;

function joinBytes(placed: readonly PlacedStatement[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(placed.reduce((size, item) => size + item.bytes.length, 0));
  let offset = 0;
  for (const item of placed) {
    bytes.set(item.bytes, offset);
    offset += item.bytes.length;
  }
  return bytes;
}

function hexBytes({ statement, bytes }: PlacedStatement): string {
  const cut = statement.kind !== "instruction" && bytes.length > LISTED_DATA;
  const shown = Array.from(
    cut ? bytes.subarray(0, LISTED_DATA) : bytes,
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join(" ");
  return cut ? `${shown} .. (${bytes.length} bytes)` : shown;
}

/** The address of each label: of the instruction, behind a prefix that was inserted before it. */
function labelAddresses(placed: readonly PlacedStatement[]): Map<string, number> {
  let inserted = 0;
  const addresses = placed.toReversed().flatMap(({ statement, address, bytes }) => {
    if (statement.kind === "label") return [[statement.name, Number(address) + inserted] as const];
    inserted = statement.kind === "data" && statement.inserted ? bytes.length : 0;
    return [];
  });
  return new Map(addresses.reverse());
}

/**
 * Machine code with the addresses of its labels, what `assemble()` returns.
 *
 * @example Usage
 * ```ts
 * import { asm64, assemble, Assembly } from "@trapline/trapline";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const code = assemble(asm64`start: wrmsr`, { base: 0x1000 });
 * assert(code instanceof Assembly);
 * assertEquals(code.bytes, new Uint8Array([0x0f, 0x30]));
 * ```
 */
export class Assembly {
  /** Mode the code is for, in bits. */
  readonly bitness: Bitness;
  /** GPA of the first byte. */
  readonly base: number;
  /** The machine code. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** GPA of each label, in the order of the source. */
  readonly symbols: ReadonlyMap<string, number>;
  /** GPA that a branch to each label leads to: its symbol, or the prefix inserted before that. */
  readonly entries: ReadonlyMap<string, number>;
  readonly #placed: readonly PlacedStatement[];

  /** Wraps a finished layout; `assemble()` is the way to get one. */
  constructor(bitness: Bitness, base: number, placed: readonly PlacedStatement[]) {
    this.bitness = bitness;
    this.base = base;
    this.bytes = joinBytes(placed);
    this.symbols = labelAddresses(placed);
    this.entries = new Map(
      placed.flatMap(({ statement, address }) =>
        statement.kind === "label" ? [[statement.name, Number(address)] as const] : []
      ),
    );
    this.#placed = placed;
  }

  /**
   * The GPA of a label; with `forcedEmulation`, of the RDMSR or WRMSR behind it and not of the
   * prefix between them: where RIP is when KVM emulates the instruction.
   *
   * @throws {RangeError} If the source has no such label; the message names those it has.
   *
   * @example Usage
   * ```ts
   * import { asm64, assemble } from "@trapline/trapline";
   * import { assertEquals } from "@std/assert";
   *
   * const code = assemble(asm64`nop
   * fault: rdmsr`, { base: 0x1000 });
   * assertEquals(code.symbol("fault"), 0x1001);
   * ```
   */
  symbol(name: string): number {
    const address = this.symbols.get(name);
    if (address === undefined) {
      const known = [...this.symbols.keys()].map((label) => `"${label}"`).join(", ");
      throw new RangeError(
        `Cannot find label "${name}": ${
          known === "" ? "There are no labels" : `Known are ${known}`
        }`,
      );
    }
    return address;
  }

  /**
   * The source with addresses and bytes: one line for each instruction or data item, and one for
   * each label. Of long data the first 8 bytes are shown.
   *
   * @example Usage
   * ```ts
   * import { asm64, assemble } from "@trapline/trapline";
   * import { assertEquals } from "@std/assert";
   *
   * const code = assemble(asm64`fault: rdmsr`, { base: 0x1000 });
   * assertEquals(code.listing(), "fault:\n  00001000  0f 32  rdmsr");
   * ```
   */
  listing(): string {
    const rows = this.#placed.map((item) => ({ ...item, hex: hexBytes(item) }));
    const width = Math.max(0, ...rows.map(({ hex }) => hex.length));
    return rows.map(({ statement, address, hex }) =>
      statement.kind === "label"
        ? `${statement.name}:`
        : `  ${address.toString(16).padStart(8, "0")}  ${hex.padEnd(width)}  ${statement.text}`
    ).join("\n");
  }
}
