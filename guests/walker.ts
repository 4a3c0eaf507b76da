/**
 * The list walker: a guest that performs a whole list of MSR accesses, natively
 * or through KVM's emulator, and records value or #GP for each, in one
 * `KVM_RUN` as long as nothing exits to user space.
 *
 * @module
 */
import type { GuestMemory } from "../kvm/guest_memory.ts";
import type { RdmsrExit, WrmsrExit } from "../kvm/msr_exit.ts";
import { asm64, type AsmSource, type Assembly, FORCED_EMULATION_PREFIX } from "./asm/mod.ts";
import { ACCESS, ACCESS_SIZE, LAYOUT, WINDOW_SIZE } from "./protocol.ts";

/** One access for the walker. */
export interface MsrAccess {
  /** Read or write. */
  readonly kind: "read" | "write";
  /** The MSR index. */
  readonly index: number;
  /** What to write; default 0. */
  readonly value?: bigint;
  /** Whether KVM's emulator executes the instruction; default false. */
  readonly forcedEmulation?: boolean;
}

/** The #GP that an access raised, as the guest's handler found it. */
export interface AccessFault {
  /** The error code that was pushed. */
  readonly errorCode: number;
  /** The RIP that was pushed. */
  readonly rip: bigint;
}

/** What the guest observed of one access. */
export interface AccessOutcome {
  /** The access. */
  readonly access: MsrAccess;
  /** The value read; `undefined` for a write and for a fault. */
  readonly value: bigint | undefined;
  /** The #GP; `undefined` when the access completed. */
  readonly fault: AccessFault | undefined;
}

/** An access of the walker with the exit that it made, if it made one. */
export interface WalkedAccess extends AccessOutcome {
  /** The MSR exit that user space saw for this access. */
  readonly exit: RdmsrExit | WrmsrExit | undefined;
}

/** The most accesses that one window holds, with the end mark. */
export const WALK_CAPACITY = Math.floor((WINDOW_SIZE - LAYOUT.list) / ACCESS_SIZE) - 1;

function operation(label: string, before: string, after: string): string {
  return `
    ${label}:
      mov ecx, [rsi + ${ACCESS.index}]
      ${before}
    ${label}_msr:
      ${label.endsWith("read") ? "rdmsr" : "wrmsr"}
      ${after}
      add rsi, ${ACCESS_SIZE}
      jmp [rsi]
  `;
}

const LOAD = `mov eax, [rsi + ${ACCESS.value}]\nmov edx, [rsi + ${ACCESS.value + 4}]\n`;
const STORE = `mov [rsi + ${ACCESS.value}], eax\nmov [rsi + ${ACCESS.value + 4}], edx`;

/**
 * The walker. RSI is the entry at hand; each entry starts with the address of
 * its operation, so that the walk is a chain of jumps, which cannot leave an
 * entry out: one that has no fault recorded has completed. The #GP handler
 * drops the frame instead of returning through it. Both keep the instructions
 * few, for hosts whose KVM emulates each of them.
 */
export const walker: AsmSource = asm64`
    mov rsi, list
    mov rbp, rsp
    jmp [rsi]
  ${operation("read", "", STORE)}
  ${operation("write", LOAD, "")}
  ${operation("emulated_read", FORCED_EMULATION_PREFIX, STORE)}
  ${operation("emulated_write", LOAD + FORCED_EMULATION_PREFIX, "")}
  vector_13:
    pop qword [rsi + ${ACCESS.errorCode}]
    pop qword [rsi + ${ACCESS.rip}]
    mov rsp, rbp
    mov dword [rsi + ${ACCESS.faulted}], 1
    add rsi, ${ACCESS_SIZE}
    jmp [rsi]
  end:
    jmp finish
`;

function label({ kind, forcedEmulation }: MsrAccess): string {
  return forcedEmulation ? `emulated_${kind}` : kind;
}

/**
 * The label of the instruction by which the walker performs `access`, where a
 * #GP of it points to.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { instructionLabel } from "@trapline/trapline";
 *
 * assertEquals(instructionLabel({ kind: "read", index: 0x174 }), "read_msr");
 * ```
 */
export function instructionLabel(access: MsrAccess): string {
  return `${label(access)}_msr`;
}

/**
 * Writes `accesses` into the list of the window at `base`.
 *
 * @throws {RangeError} When they are more than {@linkcode WALK_CAPACITY}, or
 * an index or value has too many bits.
 */
export function writeAccesses(
  memory: GuestMemory,
  base: number,
  code: Assembly,
  accesses: readonly MsrAccess[],
): void {
  if (accesses.length > WALK_CAPACITY) {
    throw new RangeError(
      `Cannot walk ${accesses.length} accesses at once: the list holds ${WALK_CAPACITY}`,
    );
  }
  const view = memory.view(base + LAYOUT.list, (accesses.length + 1) * ACCESS_SIZE);
  accesses.forEach((access, i) => {
    const { index, value = 0n } = access;
    if (
      !Number.isInteger(index) || index < 0 || index > 0xffff_ffff || value < 0n ||
      value > 0xffff_ffff_ffff_ffffn
    ) {
      throw new RangeError(`Cannot walk to MSR ${index} with ${value}: 32 and 64 bits at most`);
    }
    const at = i * ACCESS_SIZE;
    view.setUint32(at + ACCESS.operation, code.symbol(label(access)), true);
    view.setUint32(at + ACCESS.operation + 4, 0, true);
    view.setUint32(at + ACCESS.index, index, true);
    view.setBigUint64(at + ACCESS.value, value, true);
    view.setUint32(at + ACCESS.faulted, 0, true);
  });
  const end = accesses.length * ACCESS_SIZE + ACCESS.operation;
  view.setBigUint64(end, BigInt(code.symbol("end")), true);
}

/** Which entry the guest is at, by its RSI. */
export function accessAtHand(base: number, rsi: bigint): number {
  return (Number(rsi) - base - LAYOUT.list) / ACCESS_SIZE;
}

/**
 * Reads what the guest recorded for `accesses`, all of which it has gone
 * through, and adds the exits, which stand at the places of their accesses.
 */
export function readOutcomes(
  memory: GuestMemory,
  base: number,
  accesses: readonly MsrAccess[],
  exits: readonly WalkedAccess["exit"][],
): WalkedAccess[] {
  const view = memory.view(base + LAYOUT.list, accesses.length * ACCESS_SIZE);
  return accesses.map((access, i) => {
    const at = i * ACCESS_SIZE;
    const exit = exits[i];
    if (view.getUint32(at + ACCESS.faulted, true) !== 0) {
      const errorCode = view.getUint32(at + ACCESS.errorCode, true);
      const rip = view.getBigUint64(at + ACCESS.rip, true);
      return { access, value: undefined, fault: { errorCode, rip }, exit };
    }
    const value = access.kind === "read" ? view.getBigUint64(at + ACCESS.value, true) : undefined;
    return { access, value, fault: undefined, exit };
  });
}
