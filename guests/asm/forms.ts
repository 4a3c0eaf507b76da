import { Code, CodeExt, EncodingKind, MemorySize, MemorySizeExt, Mnemonic } from "iced-x86";
import { type OperandRule, operandRule } from "./operand_rule.ts";
import type { Bitness } from "./source.ts";

/** One encoding of a mnemonic, as iced's opcode table describes it. */
export interface Form {
  readonly code: Code;
  readonly rules: readonly OperandRule[];
  /** Modes that have it. */
  readonly bitnesses: readonly Bitness[];
  /** Operand size in bits, 0 if it has none. */
  readonly operandSize: number;
  /** Bytes of its memory operand, 0 if it has none or no size keyword can name it. */
  readonly memoryBytes: number;
  /** Whether its memory operand holds a selector and an offset. */
  readonly farMemory: boolean;
  readonly lock: boolean;
  readonly rep: boolean;
  readonly repne: boolean;
  /** As the manuals write it, `MOV r32, imm32`. */
  readonly text: string;
}

const BITNESSES: readonly Bitness[] = [16, 32, 64];

/** Sizes that a keyword names and so can disagree with. */
const NAMED_BYTES: readonly number[] = [1, 2, 4, 6, 8, 10, 16, 32, 64];

/** Codes of each mnemonic, in iced's order; read once, when first needed. */
let codesByMnemonic: Map<string, Code[]> | undefined;
const formsByMnemonic = new Map<string, readonly Form[]>();

function readCodes(): Map<string, Code[]> {
  const codes = new Map<string, Code[]>();
  for (let code = 0; Code[code] !== undefined; code++) {
    const info = CodeExt.opCode(code);
    try {
      // MVEX belongs to a coprocessor that no hypervisor runs on.
      if (!info.isInstruction || info.encoding === EncodingKind.MVEX) continue;
      const mnemonic = (Mnemonic[info.mnemonic] ?? "").toLowerCase();
      const known = codes.get(mnemonic);
      if (known === undefined) codes.set(mnemonic, [code]);
      else known.push(code);
    } finally {
      info.free();
    }
  }
  return codes;
}

function readForm(code: Code): Form & { readonly ordinary: boolean } {
  const info = CodeExt.opCode(code);
  try {
    const bytes = MemorySizeExt.size(info.memorySize);
    return {
      code,
      rules: Array.from({ length: info.opCount }, (_, index) => operandRule(info.opKind(index))),
      bitnesses: BITNESSES.filter((bitness) => info.isAvailableInMode(bitness)),
      operandSize: info.operandSize,
      memoryBytes: NAMED_BYTES.includes(bytes) ? bytes : 0,
      farMemory: MemorySize[info.memorySize]?.startsWith("SegPtr") === true,
      lock: info.canUseLockPrefix,
      rep: info.canUseRepPrefix,
      repne: info.canUseRepnePrefix,
      text: info.instructionString,
      ordinary: info.decoderOption === 0,
    };
  } finally {
    info.free();
  }
}

/**
 * The encodings of `mnemonic` (lower case) in iced's order, none if there is no such mnemonic.
 *
 * Encodings that a decoder must be told about (of processors long gone) count only where the
 * mnemonic has no other.
 */
export function formsOf(mnemonic: string): readonly Form[] {
  const known = formsByMnemonic.get(mnemonic);
  if (known !== undefined) return known;
  codesByMnemonic ??= readCodes();
  const all = (codesByMnemonic.get(mnemonic) ?? []).map(readForm);
  const ordinary = all.filter((form) => form.ordinary);
  const forms = ordinary.length > 0 ? ordinary : all;
  if (forms.length > 0) formsByMnemonic.set(mnemonic, forms);
  return forms;
}
