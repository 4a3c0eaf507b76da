/**
 * The guest programs that most tests need.
 *
 * @module
 */
import {
  asm16,
  asm32,
  asm64,
  type AsmSource,
  type Bitness,
  FORCED_EMULATION_PREFIX,
} from "./asm/mod.ts";

/** How the access is made. */
export interface AccessOptions {
  /** 16, 32 or 64 (default) bits. */
  readonly bitness?: Bitness;
  /** Whether KVM's emulator executes the instruction (`kvm.force_emulation_prefix`). */
  readonly forcedEmulation?: boolean;
}

const ASSEMBLER = { 16: asm16, 32: asm32, 64: asm64 } as const;

function checkIndex(index: number): void {
  if (!Number.isInteger(index) || index < 0 || index > 0xffff_ffff) {
    throw new RangeError(`Cannot access MSR ${index}: an index has 32 bits`);
  }
}

function rdmsr(index: number, options: AccessOptions = {}): AsmSource {
  checkIndex(index);
  const { bitness = 64, forcedEmulation = false } = options;
  const accumulators = bitness === 64 ? ["rax", "rdx"] : ["eax", "edx"];
  return ASSEMBLER[bitness]`
    mov ecx, ${index}
    mov ${accumulators[0]!}, -1
    mov ${accumulators[1]!}, -1
    ${forcedEmulation ? FORCED_EMULATION_PREFIX : ""}
  rdmsr:
    rdmsr
  after:
    jmp finish
  `;
}

function wrmsr(index: number, value: bigint, options: AccessOptions = {}): AsmSource {
  checkIndex(index);
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) {
    throw new RangeError(`Cannot write ${value}: an MSR has 64 bits`);
  }
  const { bitness = 64, forcedEmulation = false } = options;
  return ASSEMBLER[bitness]`
    mov ecx, ${index}
    mov eax, ${value & 0xffff_ffffn}
    mov edx, ${value >> 32n}
    ${forcedEmulation ? FORCED_EMULATION_PREFIX : ""}
  wrmsr:
    wrmsr
  after:
    jmp finish
  `;
}

/** Guest programs; each ends in `jmp finish`, which reports the registers. */
export const guest = {
  /**
   * One RDMSR of `index`, at the label `rdmsr`. RAX and RDX hold all ones
   * before it.
   *
   * @throws {RangeError} When the index has more than 32 bits.
   */
  rdmsr,
  /**
   * One WRMSR of `value` to `index`, at the label `wrmsr`.
   *
   * @throws {RangeError} When the index has more than 32 bits, or the value more than 64.
   */
  wrmsr,
} as const;
