/**
 * The code that every guest carries beside its program: a stub for each
 * vector, which turns a fault into a report, and `finish`, which reports the
 * registers at the program's end.
 *
 * @module
 */
import { asm16, asm32, asm64, type AsmSource, assemble, type Assembly } from "../asm/mod.ts";
import { LAYOUT, PORT, REPORT } from "../protocol.ts";
import { WITH_ERROR_CODE } from "../vector.ts";
import { bitnessOf, type GuestMode } from "./mode.ts";

const VECTORS = Array.from({ length: 256 }, (_, vector) => vector);

/** The label of a vector's stub. */
export function stubLabel(vector: number): string {
  return `stub_${vector}`;
}

function entries(push: (vector: number) => string): string {
  return VECTORS.map((vector) => `${stubLabel(vector)}:\n${push(vector)}\njmp fault`).join("\n");
}

function source64(report: (field: keyof typeof REPORT) => string): AsmSource {
  const general = (
    [
      "rax",
      "rcx",
      "rdx",
      "rbx",
      "rbp",
      "rsi",
      "rdi",
      "r8",
      "r9",
      "r10",
      "r11",
      "r12",
      "r13",
      "r14",
      "r15",
    ] as const
  ).map((register) => `mov [${report(register)}], ${register}`).join("\n");
  const frame = (["vector", "errorCode", "rip", "cs", "rflags", "rsp", "ss"] as const)
    .map((field) => `pop qword [${report(field)}]`).join("\n");
  return asm64`
    fault:
      ${general}
      ${frame}
      mov rax, cr2
      mov [${report("cr2")}], rax
      out ${PORT.fault}, al
      jmp fault_end
    fault_end:
      hlt
      jmp fault_end
    finish:
      ${general}
      mov [${report("rsp")}], rsp
      pushfq
      pop qword [${report("rflags")}]
      out ${PORT.finish}, al
    finish_end:
      hlt
      jmp finish_end
    ${entries((vector) => `${WITH_ERROR_CODE.has(vector) ? "" : "push 0\n"}push ${vector}`)}
  `;
}

// Code of 16 and 32 bits stays on one stack when it faults, so the CPU pushes
// neither stack pointer nor stack segment.
const NARROW = ["eax", "ecx", "edx", "ebx", "ebp", "esi", "edi"] as const;

function wide(register: typeof NARROW[number]): keyof typeof REPORT {
  return `r${register.slice(1)}` as keyof typeof REPORT;
}

function sourceNarrow(
  assembler: typeof asm16,
  report: (field: keyof typeof REPORT) => string,
  size: "word" | "dword",
  hasErrorCode: (vector: number) => boolean,
): AsmSource {
  const general = NARROW.map((register) => `mov [${report(wide(register))}], ${register}`)
    .join("\n");
  const frame = (["vector", "errorCode", "rip", "cs", "rflags"] as const)
    .map((field) => `pop ${size} [${report(field)}]`).join("\n");
  const flags = size === "word" ? "pushf" : "pushfd";
  return assembler`
    fault:
      ${general}
      ${frame}
      mov [${report("rsp")}], esp
      mov eax, cr2
      mov [${report("cr2")}], eax
      mov ax, ss
      mov [${report("ss")}], ax
      out ${PORT.fault}, al
    fault_end:
      hlt
      jmp fault_end
    finish:
      ${general}
      mov [${report("rsp")}], esp
      ${flags}
      pop ${size} [${report("rflags")}]
      out ${PORT.finish}, al
    finish_end:
      hlt
      jmp finish_end
    ${entries((vector) => `${hasErrorCode(vector) ? "" : "push 0\n"}push ${vector}`)}
  `;
}

function build(mode: GuestMode, base: number): Assembly {
  const report = (field: keyof typeof REPORT): string =>
    `0x${(base + LAYOUT.report + REPORT[field]).toString(16)}`;
  const bitness = bitnessOf(mode);
  const source = bitness === 64
    ? source64(report)
    : bitness === 32
    ? sourceNarrow(asm32, report, "dword", (vector) => WITH_ERROR_CODE.has(vector))
    : sourceNarrow(asm16, report, "word", () => false); // Real mode pushes no error codes.
  return assemble(source, { base: base + LAYOUT.stubs });
}

const cache = new Map<string, Assembly>();

/** The stubs for a guest of `mode` in the window at `base`; assembled once and kept. */
export function stubs(mode: GuestMode, base: number): Assembly {
  const key = `${bitnessOf(mode)} ${base}`;
  let assembly = cache.get(key);
  if (assembly === undefined) cache.set(key, assembly = build(mode, base));
  return assembly;
}
