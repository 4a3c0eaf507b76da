/**
 * A guest that notes down, in order, the exceptions and interrupts that it
 * takes, and goes on.
 *
 * @module
 */
import { formatVector, type Observation, type Session } from "@trapline/trapline";

/** One event, as its handler found it. */
export interface LoggedEvent {
  /** The vector. */
  readonly vector: number;
  /** The RIP that was pushed. */
  readonly rip: bigint;
  /** The RFLAGS that was pushed. */
  readonly rflags: bigint;
  /** DR6 when the handler ran. */
  readonly dr6: bigint;
}

const EVENT_SIZE = 32;

/** Starts the log; R14 and R15 are its own from here on. */
export const startLog = `
    mov r14, list
    mov r15, r14
`;

/**
 * The handler of `vector`, which another may interrupt. A fault is returned from
 * to the instruction after it, of `skip` bytes; `more` may change RAX and the
 * frame, which lies above the RAX of the guest.
 */
export function logs(vector: number, { skip = 0, errorCode = false, more = "" } = {}): string {
  return `
  vector_${vector}:
    ${errorCode ? "add rsp, 8" : ""}
    push rax
    push rbx
    mov rbx, ${EVENT_SIZE}
    xadd r15, rbx     ; A slot of its own, also when it is interrupted from here on.
    mov qword [rbx], ${vector}
    mov rax, [rsp + 16]
    mov [rbx + 8], rax
    mov rax, [rsp + 32]
    mov [rbx + 16], rax
    mov rax, dr6
    mov [rbx + 24], rax
    pop rbx
    add qword [rsp + 8], ${skip}
    ${more}
    pop rax
    iretq
  `;
}

/** The handler of #GP, which goes on after the RDMSR or WRMSR that raised it. */
export const logsGp = logs(13, { skip: 2, errorCode: true });

/** What the guest noted down, of which it reports the ends in R14 and R15. */
export function readLog({ vm }: Session, { regs }: Observation): LoggedEvent[] {
  const size = Number(regs.r15 - regs.r14);
  const view = vm.memory.view(Number(regs.r14), size);
  return Array.from({ length: size / EVENT_SIZE }, (_, i) => {
    const u64 = (offset: number): bigint => view.getBigUint64(i * EVENT_SIZE + offset, true);
    return { vector: Number(u64(0)), rip: u64(8), rflags: u64(16), dr6: u64(24) };
  });
}

/** `#GP (13) at access, NMI (2) at after`: the events in order, by the labels of their RIPs. */
export function formatLog({ program }: Session, events: readonly LoggedEvent[]): string {
  const label = (rip: bigint): string =>
    [...program.symbols].find(([, address]) => BigInt(address) === rip)?.[0] ??
      `0x${rip.toString(16)}`;
  return events.map(({ vector, rip }) => `${formatVector(vector)} at ${label(rip)}`).join(", ");
}
