/**
 * A guest that makes one MSR access and is interrupted around it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  asm64,
  type AsmSource,
  assertNoFault,
  formatVector,
  GP,
  type Kvm,
  type MsrAccess,
  type Observation,
  type Session,
  type Vm,
} from "@trapline/trapline";
import { formatLog, logs, logsGp, readLog, startLog } from "./event_log.ts";
import { bootFiltered } from "./msr_exits.ts";

/** The vector that the PIC gives for {@linkcode IRQ}. */
export const VECTOR = 0x21;
/** The input of the PIC that user space raises. */
export const IRQ = 1;
/** The vector of NMI. */
export const NMI = 2;

/** Sets the PIC up for vectors from 0x20 on that need no EOI, with IRQ 1 alone let through. */
export const START_PIC = [[0x20, 0x11], [0x21, 0x20], [0x21, 0x04], [0x21, 0x03], [0x21, 0xfd]]
  .map(([port, value]) => `mov al, ${value}\nout ${port}, al`).join("\n");

const PAUSE = 0x81;

/**
 * One access of `kind`, for `loadFor()`, in a guest that notes down what it
 * takes; IF is set by `start` and cleared at the end, after an exit.
 */
export function interrupted(kind: MsrAccess["kind"], before: string, start: string): AsmSource {
  return asm64`
    ${startLog}
    ${before}
    mov eax, r8d
    ${start}
  access:
    ${kind === "read" ? "rdmsr" : "wrmsr"}
  after:
    nop
    out ${PAUSE}, al
    nop
  last:
    cli
    jmp finish
    ${logs(NMI)}
    ${logs(VECTOR)}
    ${logsGp}
  `;
}

/** Boots a guest of {@linkcode bootFiltered}, with or without the in-kernel irqchip. */
export function bootInterrupted(kvm: Kvm, irqchip: boolean): { vm: Vm; session: Session } {
  const vm = kvm.createVm();
  if (irqchip) vm.createIrqchip();
  return { vm, session: bootFiltered(vm) };
}

/** Runs to the end of the program, through its pause. */
export function finish(session: Session): Observation {
  assertEquals(session.next("IO").port, PAUSE);
  return session.finish();
}

/** What the guest takes beside its access, and where. */
export interface Taken {
  /** The event beside the #GP. */
  readonly vector: number;
  /** The last label from `after` on at which it may come; without one, it may in the handlers too. */
  readonly to?: "after" | "last";
  /** Whether it also takes the #GP of the access, of which the event is to come after the frame. */
  readonly gp: boolean;
}

/** Asserts that the guest took the event once, where it may come, and nothing else. */
export function assertTaken(
  session: Session,
  seen: Observation,
  wanted: Taken,
  detail: string,
): void {
  assertNoFault(session, seen);
  const { vector, to, gp } = wanted;
  const log = readLog(session, seen);
  const message = `${detail}: the guest took ${formatLog(session, log) || "nothing"}`;
  const faults = log.filter((event) => event.vector === GP);
  assertEquals(faults.map(({ rip }) => rip), gp ? [session.symbol("access")] : [], message);
  const events = log.filter((event) => event.vector !== GP);
  assertEquals(events.map((event) => event.vector), [vector], message);
  const { rip } = events[0]!;
  const isThere = rip >= session.symbol("after") && (to === undefined || rip <= session.symbol(to));
  const there = to === "after" ? "at after" : "after it";
  assert(isThere, `${message}; wanted ${formatVector(vector)} ${there}`);
}

/** Asserts the value that the guest has read, if it reads. */
export function assertRead(
  access: MsrAccess,
  seen: Observation,
  value: bigint,
  detail: string,
): void {
  if (access.kind === "read") assertEquals(seen.value, value, `EDX:EAX, ${detail}`);
}
