import type { Bitness } from "./source.ts";

/** A mnemonic as iced's table has it. */
export interface TableMnemonic {
  readonly name: string;
  /** Operand size in bits that the written mnemonic asks for, undefined for any. */
  readonly operandSize: number | undefined;
}

/** Synonyms of the condition codes. */
const CONDITIONS: Readonly<Record<string, string>> = {
  c: "b",
  na: "be",
  nae: "b",
  nb: "ae",
  nbe: "a",
  nc: "ae",
  ng: "le",
  nge: "l",
  nl: "ge",
  nle: "g",
  nz: "ne",
  pe: "p",
  po: "np",
  z: "e",
};

const SYNONYMS: Readonly<Record<string, string>> = {
  fwait: "wait",
  icebp: "int1",
  loopnz: "loopne",
  loopz: "loope",
  xlat: "xlatb",
};

/** Mnemonics without a size letter mean the mode's own size; the table's mean 16 bits. */
const BY_BITNESS: Readonly<Record<string, Readonly<Record<Bitness, string>>>> = {
  iret: { 16: "iret", 32: "iretd", 64: "iretd" },
  popa: { 16: "popa", 32: "popad", 64: "popa" },
  popf: { 16: "popf", 32: "popfd", 64: "popfq" },
  pusha: { 16: "pusha", 32: "pushad", 64: "pusha" },
  pushf: { 16: "pushf", 32: "pushfd", 64: "pushfq" },
};

const SIZED: Readonly<Record<string, TableMnemonic>> = {
  iretw: { name: "iret", operandSize: 16 },
  popaw: { name: "popa", operandSize: 16 },
  popfw: { name: "popf", operandSize: 16 },
  pushaw: { name: "pusha", operandSize: 16 },
  pushfw: { name: "pushf", operandSize: 16 },
  retfd: { name: "retf", operandSize: 32 },
  retfq: { name: "retf", operandSize: 64 },
  retfw: { name: "retf", operandSize: 16 },
};

/**
 * Translates a written mnemonic (lower case) into the one iced's opcode table has.
 *
 * `iret` in 64-bit code is the 32-bit IRET, as every assembler has it: write `iretq`.
 */
export function tableMnemonic(written: string, bitness: Bitness): TableMnemonic {
  const sized = SIZED[written];
  if (sized !== undefined) return sized;
  const [, stem, condition] = /^(j|set|cmov)(\w+)$/.exec(written) ?? [];
  const table = CONDITIONS[condition ?? ""];
  const name = table !== undefined
    ? `${stem}${table}`
    : BY_BITNESS[written]?.[bitness] ?? SYNONYMS[written] ?? written;
  return { name, operandSize: undefined };
}
