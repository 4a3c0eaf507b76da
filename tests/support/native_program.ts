/**
 * Programs for the host that only make system calls: an ELF file of a few
 * instructions and a list of calls, made without a compiler, so that another
 * process, or one of 32 bits, can call the kernel.
 *
 * Source: elf(5), syscall(2).
 *
 * @module
 */
import { asm32, asm64, assemble } from "@trapline/trapline";
import { makePrivateFolder } from "./private_folder.ts";
import type { Requirement } from "./requirements.ts";

/** Bits of a word of the program. */
export type Bits = 32 | 64;

/** A system call and its first argument: a number, or the word at an address. */
export interface SystemCall {
  /** Its number in the program's own table. */
  readonly number: number;
  /** The first argument. */
  readonly first?: number | { readonly wordAt: number };
  /** The arguments after the first, up to five. */
  readonly rest?: readonly number[];
}

/** A program. */
export interface NativeProgram {
  /** Bits of a word. */
  readonly bits: Bits;
  /** What lies at {@linkcode DATA} when it starts; zeros follow. */
  readonly data?: Uint8Array;
  /** The calls, in order; the last one must not return. */
  readonly calls: readonly SystemCall[];
}

/** Address of the program's data. */
export const DATA = 0x50_0000;
/** Bytes of the program's data, after which nothing is mapped. */
export const DATA_SIZE = 0x1_0000;

const IMAGE = 0x40_0000;
const CODE = IMAGE + 0x100;
const CALLS = IMAGE + 0x1000;
const WORDS_PER_CALL = 9;
const RESULT = 7;
const OWN_FIRST = 8;

/** The address where the result of the call number `index` is put. */
export function resultOf(bits: Bits, index: number): number {
  return CALLS + (index * WORDS_PER_CALL + RESULT) * bits / 8;
}

const PATIENCE_SECONDS = 60;

// alarm(2) first. The list of calls is the stack: each entry is popped into the call's registers.
const INTERPRETERS = {
  32: asm32`
      mov eax, 27
      mov ebx, ${PATIENCE_SECONDS}
      db 0xcd, 0x80
      mov esp, ${CALLS}
    next:
      pop eax
      pop ebx
      mov ebx, [ebx]
      pop ecx
      pop edx
      pop esi
      pop edi
      pop ebp
      db 0xcd, 0x80
      mov [esp], eax
      add esp, 8
      jmp next
  `,
  64: asm64`
      mov eax, 37
      mov edi, ${PATIENCE_SECONDS}
      db 0x0f, 0x05
      mov rsp, ${CALLS}
    next:
      pop rax
      pop rdi
      mov rdi, [rdi]
      pop rsi
      pop rdx
      pop r10
      pop r8
      pop r9
      db 0x0f, 0x05
      mov [rsp], rax
      add rsp, 16
      jmp next
  `,
} as const;

/** Writes words of the program's size. */
function wordWriter(view: DataView, bits: Bits): (offset: number, value: number) => void {
  return (offset, value) =>
    bits === 64
      ? view.setBigInt64(offset, BigInt(value), true)
      : view.setUint32(offset, value >>> 0, true);
}

function writeCalls(view: DataView, { bits, calls }: NativeProgram): void {
  const word = wordWriter(view, bits);
  const size = bits / 8;
  calls.forEach(({ number, first = 0, rest = [] }, i) => {
    const at = CALLS - IMAGE + i * WORDS_PER_CALL * size;
    const own = IMAGE + at + OWN_FIRST * size;
    word(at, number);
    word(at + size, typeof first === "number" ? own : first.wordAt);
    rest.forEach((argument, j) => word(at + (2 + j) * size, argument));
    word(at + OWN_FIRST * size, typeof first === "number" ? first : 0);
  });
}

const X86 = { 32: 3, 64: 62 } as const;
const LOAD = 1;
const READ_WRITE_EXECUTE = 7;

function writeHeaders(view: DataView, bits: Bits, fileSize: number): void {
  const word = wordWriter(view, bits);
  const header = bits === 64 ? 64 : 52;
  const segment = bits === 64 ? 56 : 32;
  [0x7f, 0x45, 0x4c, 0x46, bits / 32, 1, 1].forEach((byte, i) => view.setUint8(i, byte));
  view.setUint16(16, 2, true);
  view.setUint16(18, X86[bits], true);
  view.setUint32(20, 1, true);
  word(24, CODE);
  word(24 + bits / 8, header);
  view.setUint16(header - 12, header, true);
  view.setUint16(header - 10, segment, true);
  view.setUint16(header - 8, 1, true);
  const memorySize = DATA + DATA_SIZE - IMAGE;
  const words = [0, IMAGE, IMAGE, fileSize, memorySize];
  view.setUint32(header, LOAD, true);
  if (bits === 64) {
    view.setUint32(header + 4, READ_WRITE_EXECUTE, true);
    [...words, 0x1000].forEach((value, i) => word(header + 8 + 8 * i, value));
  } else {
    [...words, READ_WRITE_EXECUTE, 0x1000].forEach((value, i) => word(header + 4 + 4 * i, value));
  }
}

/** The ELF file of `program`. */
export function elfOf(program: NativeProgram): Uint8Array<ArrayBuffer> {
  const { bits, data = new Uint8Array() } = program;
  const file = new Uint8Array(DATA - IMAGE + data.length);
  const view = new DataView(file.buffer);
  writeHeaders(view, bits, file.length);
  file.set(assemble(INTERPRETERS[bits], { base: CODE }).bytes, CODE - IMAGE);
  writeCalls(view, program);
  file.set(data, DATA - IMAGE);
  return file;
}

/**
 * Runs `program` in a process of its own and gives what it wrote to its
 * standard output.
 *
 * @throws {Error} When it ends with another status than 0, or not within a minute, or when others
 *   may write to the temporary folder.
 */
export function runNative(program: NativeProgram): Uint8Array {
  const folder = makePrivateFolder("trapline-native-");
  try {
    const path = `${folder}/program`;
    Deno.writeFileSync(path, elfOf(program), { mode: 0o700 });
    const { code, signal, stdout } = new Deno.Command(path, { stdin: "null" }).outputSync();
    if (code !== 0) {
      throw new Error(`Cannot run a program of ${program.bits} bits: status ${signal ?? code}`);
    }
    return stdout;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The numbers of the calls, by the program's bits; `exit` ends all threads: KVM adds one. */
export const CALL = {
  32: { exit: 252, read: 3, write: 4, open: 5, pipe: 42, ioctl: 54, dup2: 63, mmap: 192 },
  64: { exit: 231, read: 0, write: 1, open: 2, pipe: 22, ioctl: 16, dup2: 33, mmap: 9 },
} as const;

function whyNot(bits: Bits): string | undefined {
  for (const name of ["run", "write"] as const) {
    if (Deno.permissions.querySync({ name }).state !== "granted") {
      return `it needs a process of its own: Deno runs without --allow-${name}`;
    }
  }
  try {
    const { write, exit } = CALL[bits];
    const ok = runNative({
      bits,
      data: Uint8Array.of(0x6f, 0x6b),
      calls: [{ number: write, first: 1, rest: [DATA, 2] }, { number: exit }],
    });
    return ok.length === 2 ? undefined : `a program of ${bits} bits says nothing here`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const known = new Map<Bits, string | undefined>();

/** This machine runs programs of `bits` bits in processes of their own. */
export function runsPrograms(bits: Bits): Requirement {
  return () => {
    if (!known.has(bits)) known.set(bits, whyNot(bits));
    return known.get(bits);
  };
}
