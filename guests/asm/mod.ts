/**
 * The guest assembler: assembly text in, bytes and label addresses out, and back.
 *
 * ```ts
 * import { asm64, assemble } from "@trapline/trapline";
 * import { assertEquals } from "@std/assert";
 *
 * const { bytes } = assemble(asm64`rdmsr`, { base: 0x1000 });
 * assertEquals(bytes, new Uint8Array([0x0f, 0x32]));
 * ```
 *
 * @module
 */
export { assemble, type AssembleOptions } from "./assemble.ts";
export { Assembly } from "./assembly.ts";
export { disassemble, type DisassembledLine, type DisassembleOptions } from "./disassemble.ts";
export { disassembleAround, type DisassembleAroundOptions } from "./disassemble_around.ts";
export { FORCED_EMULATION_PREFIX } from "./forced_emulation.ts";
export { asm16, asm32, asm64, type AsmSource, type AsmValue, type Bitness } from "./source.ts";
