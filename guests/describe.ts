/**
 * A guest's state in words, for failure messages.
 *
 * @module
 */
import type { Vcpu } from "../kvm/vcpu.ts";
import type { Vm } from "../kvm/vm.ts";
import { type Assembly, disassembleAround } from "./asm/mod.ts";
import { stubs } from "./boot/stubs.ts";
import type { GuestMode } from "./boot/mode.ts";
import { formatFault, readReport } from "./observation.ts";
import { PORT } from "./protocol.ts";
import type { Transcript } from "./transcript.ts";

interface DescribedGuest {
  readonly vm: Vm;
  readonly vcpu: Vcpu;
  readonly mode: GuestMode;
  readonly base: number;
  readonly program: Assembly;
  readonly transcript: Transcript;
}

const REGISTER_ROWS = [
  ["rax", "rbx", "rcx", "rdx"],
  ["rsi", "rdi", "rsp", "rbp"],
  ["r8", "r9", "r10", "r11"],
  ["r12", "r13", "r14", "r15"],
  ["rip", "rflags"],
] as const;

function indent(text: string): string {
  return text.split("\n").map((line) => `  ${line}`.trimEnd()).join("\n");
}

function codeAround(guest: DescribedGuest, rip: bigint): string {
  const inside = (code: Assembly): boolean =>
    rip >= BigInt(code.base) && rip < BigInt(code.base + code.bytes.length);
  const code = [guest.program, stubs(guest.mode, guest.base)].find(inside);
  if (code === undefined) return "  RIP is in no code that Trapline put there";
  return indent(disassembleAround(code.bytes, {
    bitness: code.bitness,
    base: code.base,
    ip: rip,
    symbols: code.symbols,
  }));
}

/** Lines of a program that are shown after its end. */
const SHOWN_LINES = 32;

function wholeProgram({ program }: DescribedGuest): string {
  const lines = program.listing().split("\n");
  const rest = lines.length - SHOWN_LINES;
  return indent(
    rest > 0 ? [...lines.slice(0, SHOWN_LINES), `(${rest} more)`].join("\n") : lines.join("\n"),
  );
}

/**
 * The code around RIP, or after its end the program, the registers, the fault
 * if the guest ended in one, and the exits so far.
 */
export function describeGuest(guest: DescribedGuest): string {
  if (guest.vcpu.closed) return "The vCPU is closed";
  const regs = guest.vcpu.regs();
  const last = guest.transcript.last;
  const faulted = last?.name === "IO" && last.port === PORT.fault;
  const { fault } = readReport(guest.vm.memory, guest.base, faulted);
  // After a fault the stub is at RIP; what the reader wants is where it was taken.
  const rip = fault === undefined ? regs.rip : fault.rip;
  // After the program's end the stub is at RIP too, and what the reader wants is the program.
  const ended = fault === undefined && last?.name === "IO" && last.port === PORT.finish;
  return [
    ...(ended
      ? [`Guest (${guest.mode} mode) came to its end:`, wholeProgram(guest)]
      : [`Guest (${guest.mode} mode) around RIP 0x${rip.toString(16)}:`, codeAround(guest, rip)]),
    ...(fault === undefined ? [] : [`Fault: ${formatFault(fault)}`]),
    "Registers:",
    ...REGISTER_ROWS.map((row) =>
      "  " + row.map((name) => `${name}=${regs[name].toString(16).padStart(16, "0")}`).join(" ")
    ),
    "Exits so far:",
    guest.transcript.toString(),
  ].join("\n");
}
