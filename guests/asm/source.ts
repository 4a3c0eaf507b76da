/** Processor mode code is assembled for, in bits: 16 (real mode), 32 (protected), 64 (long). */
export type Bitness = 16 | 32 | 64;

/** Unassembled text with its bitness. Nothing is checked before `assemble()`. */
export interface AsmSource {
  /** Mode the text is written for, in bits. */
  readonly bitness: Bitness;
  /** Lines of assembly in Intel syntax. */
  readonly text: string;
}

/** What may stand in `${}` of an assembly template. */
export type AsmValue = number | bigint | string | AsmSource;

/** A number as the assembler reads it back: hexadecimal, the sign in front. */
function hexadecimal(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

function paste(value: AsmValue, bitness: Bitness): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return hexadecimal(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(`Cannot write "${value}" into assembly: It is not a safe integer`);
    }
    return hexadecimal(BigInt(value));
  }
  if (value.bitness !== bitness) {
    throw new TypeError(
      `Cannot paste ${value.bitness}-bit source into ${bitness}-bit source: Assemble it on its own`,
    );
  }
  return value.text;
}

function template(
  bitness: Bitness,
  strings: TemplateStringsArray,
  values: readonly AsmValue[],
): AsmSource {
  const text = strings.raw.reduce((before, literal, index) =>
    before + paste(values[index - 1] ?? "", bitness) + literal
  );
  return { bitness, text };
}

/**
 * Marks a template as 16-bit assembly, the code of real mode.
 *
 * Numbers are pasted as hexadecimal, strings as they are, other sources as their text. Backslashes
 * are kept for the assembler's own string escapes.
 *
 * @throws {RangeError} If a pasted number is not a safe integer.
 * @throws {TypeError} If a pasted source has another bitness.
 *
 * @example Usage
 * ```ts
 * import { asm16, assemble } from "@trapline/trapline";
 * import { assertEquals } from "@std/assert";
 *
 * const { bytes } = assemble(asm16`mov ax, ${0x1234}`, { base: 0x7c00 });
 * assertEquals(bytes, new Uint8Array([0xb8, 0x34, 0x12]));
 * ```
 */
export function asm16(strings: TemplateStringsArray, ...values: readonly AsmValue[]): AsmSource {
  return template(16, strings, values);
}

/**
 * Marks a template as 32-bit assembly, the code of protected mode.
 *
 * Numbers are pasted as hexadecimal, strings as they are, other sources as their text. Backslashes
 * are kept for the assembler's own string escapes.
 *
 * @throws {RangeError} If a pasted number is not a safe integer.
 * @throws {TypeError} If a pasted source has another bitness.
 *
 * @example Usage
 * ```ts
 * import { asm32, assemble } from "@trapline/trapline";
 * import { assertEquals } from "@std/assert";
 *
 * const { bytes } = assemble(asm32`mov ecx, ${0x174}`, { base: 0x1000 });
 * assertEquals(bytes, new Uint8Array([0xb9, 0x74, 0x01, 0x00, 0x00]));
 * ```
 */
export function asm32(strings: TemplateStringsArray, ...values: readonly AsmValue[]): AsmSource {
  return template(32, strings, values);
}

/**
 * Marks a template as 64-bit assembly, the code of long mode.
 *
 * Numbers are pasted as hexadecimal, strings as they are, other sources as their text. Backslashes
 * are kept for the assembler's own string escapes.
 *
 * @throws {RangeError} If a pasted number is not a safe integer.
 * @throws {TypeError} If a pasted source has another bitness.
 *
 * @example Usage
 * ```ts
 * import { asm64, assemble } from "@trapline/trapline";
 * import { assertEquals } from "@std/assert";
 *
 * const readMsr = asm64`
 *   mov ecx, ${0x174}
 *   rdmsr
 * `;
 * const { bytes } = assemble(asm64`${readMsr} hlt`, { base: 0x1000 });
 * assertEquals(bytes, new Uint8Array([0xb9, 0x74, 0x01, 0x00, 0x00, 0x0f, 0x32, 0xf4]));
 * ```
 */
export function asm64(strings: TemplateStringsArray, ...values: readonly AsmValue[]): AsmSource {
  return template(64, strings, values);
}
