import {
  Decoder,
  DecoderError,
  DecoderOptions,
  Formatter,
  FormatterSyntax,
  Instruction,
  OpKind,
} from "iced-x86";
import {
  FORCED_EMULATION_PREFIX,
  FORCED_EMULATION_PREFIX_SIZE,
  isForcedEmulationPrefix,
} from "./forced_emulation.ts";
import type { Bitness } from "./source.ts";

/** One decoded instruction. */
export interface DisassembledLine {
  /** Address of its first byte. */
  readonly address: bigint;
  /** Its machine code, a copy. */
  readonly bytes: Uint8Array;
  /**
   * The syntax `assemble()` reads, but for redundant prefixes and the short forms of x87
   * instructions; `(bad)` where no instruction decodes.
   */
  readonly text: string;
  /** Where a near branch or a RIP-relative operand leads. */
  readonly target: bigint | undefined;
}

/** How to read machine code. */
export interface DisassembleOptions {
  /** Mode the code runs in, in bits. */
  readonly bitness: Bitness;
  /** Address of the first byte. */
  readonly ip: number | bigint;
}

function newFormatter(): Formatter {
  const formatter = new Formatter(FormatterSyntax.Nasm);
  formatter.hexPrefix = "0x";
  formatter.hexSuffix = "";
  formatter.uppercaseHex = false;
  formatter.spaceAfterOperandSeparator = true;
  formatter.branchLeadingZeros = false;
  formatter.showBranchSize = false;
  formatter.usePseudoOps = false;
  return formatter;
}

const BRANCH_KINDS: readonly OpKind[] = [
  OpKind.NearBranch16,
  OpKind.NearBranch32,
  OpKind.NearBranch64,
];

function targetOf(instruction: Instruction): bigint | undefined {
  if (instruction.isIpRelMemoryOperand) return instruction.ipRelMemoryAddress;
  if (instruction.opCount > 0 && BRANCH_KINDS.includes(instruction.op0Kind)) {
    return instruction.nearBranchTarget;
  }
  return undefined;
}

/**
 * Decodes machine code, one line for each instruction, to its end. The forced-emulation prefix
 * is a line of its own.
 *
 * @example Usage
 * ```ts
 * import { disassemble } from "@trapline/trapline";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = disassemble(new Uint8Array([0x0f, 0x32, 0xeb, 0xfc]), { bitness: 64, ip: 0x1000 });
 * assertEquals(lines.map(({ text }) => text), ["rdmsr", "jmp 0x1000"]);
 * ```
 */
export function disassemble(bytes: Uint8Array, options: DisassembleOptions): DisassembledLine[] {
  const ip = BigInt(options.ip);
  const lines: DisassembledLine[] = [];
  const formatter = newFormatter();
  const decoder = new Decoder(options.bitness, bytes, DecoderOptions.None);
  const instruction = new Instruction();
  try {
    decoder.ip = BigInt.asUintN(64, ip);
    while (decoder.canDecode) {
      const start = decoder.position;
      if (isForcedEmulationPrefix(bytes, start)) {
        decoder.position = start + FORCED_EMULATION_PREFIX_SIZE;
        decoder.ip += BigInt(FORCED_EMULATION_PREFIX_SIZE);
        lines.push({
          address: ip + BigInt(start),
          bytes: bytes.slice(start, decoder.position),
          text: FORCED_EMULATION_PREFIX,
          target: undefined,
        });
        continue;
      }
      decoder.decodeOut(instruction);
      if (decoder.lastError === DecoderError.InvalidInstruction) {
        // The next instruction may start at any byte, so no more than one is given up.
        decoder.position = start + 1;
        decoder.ip = instruction.ip + 1n;
      }
      lines.push({
        address: ip + BigInt(start),
        bytes: bytes.slice(start, decoder.position),
        text: formatter.format(instruction),
        target: targetOf(instruction),
      });
    }
  } finally {
    instruction.free();
    decoder.free();
    formatter.free();
  }
  return lines;
}
