import { type Instruction, Register } from "iced-x86";
import { evaluate, isSymbolic, type Scope } from "./expression.ts";
import { outOfRange } from "./misfit.ts";
import type { MemoryOperand } from "./operand.ts";
import { addressBits } from "./registers.ts";
import type { Bitness } from "./source.ts";

/** What the bytes of a memory operand depend on besides the operand. */
export interface MemoryContext {
  readonly bitness: Bitness;
  readonly scope: Scope;
  /** Whether the address stands in the instruction itself, without a ModR/M byte. */
  readonly offset: boolean;
}

function fitsSigned(value: bigint, bits: number): boolean {
  return BigInt.asIntN(bits, value) === value;
}

function fitsUnsigned(value: bigint, bits: number): boolean {
  return BigInt.asUintN(bits, value) === value;
}

function fits(value: bigint, bits: number): boolean {
  return fitsSigned(value, bits) || fitsUnsigned(value, bits);
}

/**
 * Bytes in which iced is to hold an address without registers. They select the address size as
 * well: 8 means a 64-bit address, whose ModR/M form holds 32 bits of it, extended with the sign.
 */
function absoluteBytes(value: bigint, symbolic: boolean, context: MemoryContext): number {
  const { bitness, offset } = context;
  if (bitness === 64) {
    if (offset && fits(value, 64)) return 8;
    if (fits(value, 64) && fitsSigned(BigInt.asIntN(64, value), 32)) return 8;
    if (fitsUnsigned(value, 32)) return 4;
    throw outOfRange(value);
  }
  if (bitness === 16 && fits(value, 16)) return 2;
  // A label is not given more than the mode's own width, which would change as the label moves.
  if ((bitness === 16 && symbolic) || !fits(value, 32)) throw outOfRange(value);
  return 4;
}

/**
 * Bytes in which iced is to hold a displacement to registers: none for zero, 1 to let it take a
 * byte where that is enough. A label keeps the full width, so that the layout can settle.
 */
function displacementBytes(value: bigint, symbolic: boolean, bits: 16 | 32 | 64): number {
  if (!fits(value, bits)) throw outOfRange(value);
  if (bits === 64 && !fitsSigned(BigInt.asIntN(64, value), 32)) throw outOfRange(value);
  if (symbolic) return bits / 8;
  return value === 0n ? 0 : 1;
}

function bytesOfDisplacement(
  operand: MemoryOperand,
  value: bigint,
  context: MemoryContext,
): number {
  const { base, index, displacement } = operand;
  const symbolic = isSymbolic(displacement);
  if (base === Register.RIP) return 8;
  if (base === Register.EIP) return 4;
  if (base === Register.None && index === Register.None) {
    return absoluteBytes(value, symbolic, context);
  }
  const bits = addressBits(base) ?? addressBits(index) ?? context.bitness;
  return displacementBytes(value, symbolic, bits);
}

/**
 * Fills in the memory operand of an instruction.
 *
 * @throws {Misfit} If the address does not fit in the form.
 */
export function setMemory(
  instruction: Instruction,
  operand: MemoryOperand,
  context: MemoryContext,
): void {
  const value = evaluate(operand.displacement, context.scope);
  const bytes = bytesOfDisplacement(operand, value, context);
  instruction.memoryDisplSize = bytes;
  instruction.memoryDisplacementU64 = BigInt.asUintN(bytes > 1 ? bytes * 8 : 64, value);
  instruction.memoryBase = operand.base;
  instruction.memoryIndex = operand.index;
  instruction.memoryIndexScale = operand.scale;
  instruction.segmentPrefix = operand.segment;
}
