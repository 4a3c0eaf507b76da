/**
 * A process whose kernel refuses chosen system calls with a chosen errno: a
 * seccomp filter, put on before the program starts.
 *
 * Source: seccomp(2), bpf(4) of the classic kind, `linux/seccomp.h`.
 *
 * @module
 */
import { CALL, DATA, runNative } from "./native_program.ts";

/** A call that is refused: its number, and the arguments that make it the one meant. */
export interface Refusal {
  /** The system call's number, of 64 bits. */
  readonly call: number;
  /** The lower 32 bits of arguments, by their index. */
  readonly args: Readonly<Record<number, number>>;
  /** What the kernel is to answer. */
  readonly errno: number;
}

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const REFUSE = 0x0005_0000;
const ARGUMENTS = 16;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

function instructionsFor({ call, args, errno }: Refusal): Instruction[] {
  const compared: [offset: number, value: number][] = [[0, call]];
  for (const [index, value] of Object.entries(args)) {
    compared.push([ARGUMENTS + 8 * Number(index), value]);
  }
  const last = compared.length - 1;
  return [
    ...compared.flatMap(([offset, value], i): Instruction[] => [
      [LOAD_WORD, 0, 0, offset],
      [JUMP_IF_EQUAL, 0, 2 * (last - i) + 1, value >>> 0],
    ]),
    [RETURN, 0, 0, (REFUSE | errno) >>> 0],
  ];
}

/** The filter, as the kernel takes it: 8 bytes for each instruction. */
function filterOf(refusals: readonly Refusal[]): Uint8Array {
  const program = [...refusals.flatMap(instructionsFor), [RETURN, 0, 0, ALLOW] as const];
  const bytes = new Uint8Array(8 * program.length);
  const view = new DataView(bytes.buffer);
  program.forEach(([code, ifTrue, ifFalse, value], i) => {
    view.setUint16(8 * i, code, true);
    view.setUint8(8 * i + 2, ifTrue);
    view.setUint8(8 * i + 3, ifFalse);
    view.setUint32(8 * i + 4, value, true);
  });
  return bytes;
}

const SECCOMP = 317;
const PRCTL = 157;
const EXECVE = 59;
const PR_SET_NO_NEW_PRIVS = 38;

/** The program's data, laid out one piece after the other. */
class Data {
  readonly bytes: number[] = [];

  /** Puts `piece` there and gives its address. */
  add(piece: Iterable<number>): number {
    while (this.bytes.length % 8 !== 0) this.bytes.push(0);
    const address = DATA + this.bytes.length;
    this.bytes.push(...piece);
    return address;
  }

  /** A list of pointers to strings that ends in a null pointer. */
  strings(texts: readonly string[]): number {
    const addresses = texts.map((text) => this.add(new TextEncoder().encode(`${text}\0`)));
    return this.words([...addresses, 0]);
  }

  /** Words of 64 bits. */
  words(values: readonly number[]): number {
    return this.add(new Uint8Array(BigUint64Array.from(values, BigInt).buffer));
  }
}

/**
 * Runs a program under a kernel that refuses what `refusals` name, and gives
 * what it printed. It is ended after a minute.
 *
 * @throws {Error} When it ends with another status than 0.
 */
export function runRefused(
  refusals: readonly Refusal[],
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): string {
  const data = new Data();
  const filter = filterOf(refusals);
  const prog = data.words([filter.length / 8, data.add(filter)]);
  const path = data.add(new TextEncoder().encode(`${program}\0`));
  const argv = data.strings([program, ...args]);
  const envp = data.strings(Object.entries(env).map(([name, value]) => `${name}=${value}`));
  const printed = runNative({
    bits: 64,
    data: Uint8Array.from(data.bytes),
    calls: [
      { number: PRCTL, first: PR_SET_NO_NEW_PRIVS, rest: [1, 0, 0, 0] },
      { number: SECCOMP, first: 1, rest: [0, prog] },
      { number: EXECVE, first: path, rest: [argv, envp] },
      { number: CALL[64].exit, first: 127 },
    ],
  });
  return new TextDecoder().decode(printed);
}
