import { Assembly } from "./assembly.ts";
import { forceEmulation } from "./forced_emulation.ts";
import { layOut } from "./layout.ts";
import { checkNames } from "./names.ts";
import type { AsmSource } from "./source.ts";
import { parseStatements } from "./statement.ts";

/** Where to assemble, and what the names from outside stand for. */
export interface AssembleOptions {
  /** GPA of the first byte. */
  readonly base: number;
  /** Values of names that the source uses but does not place: addresses, or any constants. */
  readonly symbols?: Readonly<Record<string, number>>;
  /**
   * Whether each RDMSR and WRMSR gets the forced-emulation prefix (`ud2` and "kvm"), unless the
   * source has it there; default false. A label in front of one still is the address of the
   * instruction itself, while a branch to it leads to the prefix.
   */
  readonly forcedEmulation?: boolean;
}

function checkedSymbols(symbols: Readonly<Record<string, number>>): Map<string, bigint> {
  return new Map(
    Object.entries(symbols).map(([name, value]) => {
      if (!Number.isSafeInteger(value)) {
        throw new RangeError(
          `Cannot assemble with symbol "${name}": "${value}" is not a safe integer`,
        );
      }
      return [name, BigInt(value)];
    }),
  );
}

/**
 * Assembles a source into the bytes that run at `base`.
 *
 * Intel syntax, one instruction a line, and every instruction that the iced-x86 opcode table has.
 * Among the encodings of an instruction the shortest that keeps its operand size is taken.
 *
 * - `label:` names the next address, `$` the address of the statement itself; a label is a branch
 *   target, an immediate, a data item or a part of an address, and `+`, `-`, `*` and parentheses
 *   calculate with it.
 * - Memory is `[base + index*scale + displacement]`, with `fs:` and the like before or inside the
 *   brackets; `[rel label]` and `[rip + label]` are relative to RIP, `[0x7000]` is absolute, and
 *   `[rip + 8]` counts from the next instruction.
 * - `byte`, `word`, `dword`, `qword` and so on (with or without `ptr`) size a memory operand; it is
 *   an error to leave out one that matters.
 * - `jmp 0x08:label` and `jmp far [address]` are far; `short` and `near` fix the reach of a branch.
 * - `db`, `dw`, `dd`, `dq` place numbers, labels and (`db`) "strings", with the escapes `\n`, `\r`,
 *   `\t`, `\0`, `\\`, `\"` and `\xNN`; `align N` pads with NOP.
 * - `lock`, `rep`, `repe` and `repne` are prefixes where the instruction takes them. `db 0x48` before
 *   an instruction is any other prefix, or one too many.
 *
 * @throws {SyntaxError} If a line does not assemble: it does not read, its mnemonic or a label in it
 * is unknown, a label is there twice, no encoding takes its operands, or a number is out of range.
 * @throws {RangeError} If `base` is no address or a symbol is no integer.
 *
 * @example Usage
 * ```ts
 * import { asm64, assemble } from "@trapline/trapline";
 * import { assertEquals } from "@std/assert";
 *
 * const code = assemble(
 *   asm64`
 *     mov ecx, ${0x174}
 *   access:
 *     rdmsr
 *     out 0x10, al
 *     jmp access
 *   `,
 *   { base: 0x1000 },
 * );
 * assertEquals(code.symbol("access"), 0x1005);
 * assertEquals(code.bytes.subarray(5), new Uint8Array([0x0f, 0x32, 0xe6, 0x10, 0xeb, 0xfa]));
 * ```
 */
export function assemble(source: AsmSource, options: AssembleOptions): Assembly {
  const { base, symbols = {}, forcedEmulation = false } = options;
  if (!Number.isSafeInteger(base) || base < 0) {
    throw new RangeError(`Cannot assemble at base "${base}": It is not an address`);
  }
  const { bitness, text } = source;
  const externals = checkedSymbols(symbols);
  const written = parseStatements(text);
  checkNames(written, externals);
  const statements = forcedEmulation ? forceEmulation(written, bitness) : written;
  return new Assembly(
    bitness,
    base,
    layOut(statements, { bitness, base: BigInt(base), externals }),
  );
}
