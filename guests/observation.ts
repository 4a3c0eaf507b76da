/**
 * What the guest itself saw: the registers at its end, or the fault that ended it.
 *
 * @module
 */
import type { GuestMemory } from "../kvm/guest_memory.ts";
import { LAYOUT, REPORT, REPORT_SIZE } from "./protocol.ts";
import { formatVector } from "./vector.ts";

/** An exception that the guest took, as its handler found it. */
export interface Fault {
  /** The vector, 13 for #GP. */
  readonly vector: number;
  /** The error code; 0 where the CPU pushes none. */
  readonly errorCode: number;
  /** The RIP that was pushed. */
  readonly rip: bigint;
  /** The CS that was pushed. */
  readonly cs: number;
  /** The RFLAGS that was pushed. */
  readonly rflags: bigint;
  /** The stack pointer before the fault. */
  readonly rsp: bigint;
  /** The stack segment before the fault. */
  readonly ss: number;
  /** CR2 when the handler ran. */
  readonly cr2: bigint;
}

/** The registers that a guest reports; a 16- or 32-bit guest reports the low halves. */
export type GuestRegister =
  | "rax"
  | "rcx"
  | "rdx"
  | "rbx"
  | "rbp"
  | "rsi"
  | "rdi"
  | "rsp"
  | "r8"
  | "r9"
  | "r10"
  | "r11"
  | "r12"
  | "r13"
  | "r14"
  | "r15"
  | "rflags";

/** How a guest ended, by its own account. */
export interface Observation {
  /** The fault that ended it; `undefined` when it came to its end. */
  readonly fault: Fault | undefined;
  /** The registers at the end, or at the fault. */
  readonly regs: Readonly<Record<GuestRegister, bigint>>;
  /** EDX:EAX, where RDMSR leaves its value. */
  readonly value: bigint;
}

const REGISTERS: readonly GuestRegister[] = [
  "rax",
  "rcx",
  "rdx",
  "rbx",
  "rbp",
  "rsi",
  "rdi",
  "rsp",
  "r8",
  "r9",
  "r10",
  "r11",
  "r12",
  "r13",
  "r14",
  "r15",
  "rflags",
];

/** Forgets the report of an earlier program. */
export function clearReport(memory: GuestMemory, base: number): void {
  memory.bytes(base + LAYOUT.report, REPORT_SIZE).fill(0);
}

/** Reads the report in the window at `base`. */
export function readReport(memory: GuestMemory, base: number, faulted: boolean): Observation {
  const view = memory.view(base + LAYOUT.report, REPORT_SIZE);
  const u64 = (field: keyof typeof REPORT): bigint => view.getBigUint64(REPORT[field], true);
  const u32 = (field: keyof typeof REPORT): number => view.getUint32(REPORT[field], true);
  const regs = Object.fromEntries(REGISTERS.map((name) => [name, u64(name)])) as Record<
    GuestRegister,
    bigint
  >;
  return {
    fault: faulted
      ? {
        vector: u32("vector") & 0xff, // The stubs push it sign-extended.
        errorCode: u32("errorCode"),
        rip: u64("rip"),
        cs: u32("cs") & 0xffff,
        rflags: u64("rflags"),
        rsp: u64("rsp"),
        ss: u32("ss") & 0xffff,
        cr2: u64("cr2"),
      }
      : undefined,
    regs,
    value: (regs.rdx & 0xffff_ffffn) << 32n | (regs.rax & 0xffff_ffffn),
  };
}

/**
 * `#GP (13) error code 0 at RIP 0xc00a`.
 *
 * @example Usage
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { asm64, formatFault, Kvm, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const { fault } = Session.boot(vm, asm64`ud2`).finish();
 * assertMatch(formatFault(fault!), /^#UD \(6\) error code 0 at RIP 0x/);
 * ```
 */
export function formatFault(fault: Fault): string {
  return `${formatVector(fault.vector)} error code ${fault.errorCode} at RIP 0x${
    fault.rip.toString(16)
  }`;
}
