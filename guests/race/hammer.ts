/**
 * A guest that hammers: it performs a list of MSR accesses round and round and
 * counts, for each, how it came out under which filter. It never stops by
 * itself; one that is told to ends in `finish` after the round.
 *
 * @module
 */
import type { Vm } from "../../kvm/vm.ts";
import { asm64, type AsmSource } from "../asm/mod.ts";
import { LAYOUT, WINDOW_SIZE } from "../protocol.ts";
import { type Outcome, OUTCOMES, PHASES, type RaceAccess, type RacePhase } from "./pair.ts";

/** Counts by phase and outcome. */
export type Tally = Readonly<Record<RacePhase, Readonly<Record<Outcome, number>>>>;

/** Bytes of an entry, and where its fields are. */
const ENTRY = { size: 192, operation: 0, index: 8, value: 16, mask: 24, counts: 64 } as const;
/** Bytes of the counts of one phase, and of one outcome. */
const STRIDE = { phase: 32, outcome: 8 } as const;
/** Where the list has the phase, the number of rounds and the first entry. */
const HEAD = { phase: 0, rounds: 8, entries: 64 } as const;

/**
 * The guest. The phase is read before and after each access, and an access
 * counts for a filter only if both say that this one was in force throughout;
 * any other counts as "changing". The phase says so from before the ioctl that
 * changes the filter until after it has returned. No phase comes twice: beside
 * its index the word has a number, or a guest that was held up for two changes
 * would take the same filter for one that has been in force throughout.
 *
 * No interrupt ever comes to the guest, but it lets them in all the same, in
 * each round, for a #GP shuts them out: Bochs lets the host's timer end a run
 * only where the guest would take an interrupt.
 */
export const hammer: AsmSource = asm64`
    mov rdi, list
    mov rbp, rsp
    jmp first
  again:
    inc qword [rdi + ${HEAD.rounds}]
  first:
    sti
    mov rsi, list
    add rsi, ${HEAD.entries}
    jmp [rsi]
  read:
    mov r8d, [rdi]
    mov ecx, [rsi + ${ENTRY.index}]
    xor ebx, ebx
    rdmsr
    shl rdx, 32
    or rax, rdx
    and rax, [rsi + ${ENTRY.mask}]
    cmp rax, [rsi + ${ENTRY.value}]
    je counted
    mov ebx, ${2 * STRIDE.outcome}
    jmp counted
  write:
    mov r8d, [rdi]
    mov ecx, [rsi + ${ENTRY.index}]
    mov eax, [rsi + ${ENTRY.value}]
    mov edx, [rsi + ${ENTRY.value + 4}]
    xor ebx, ebx
    wrmsr
    jmp counted
  vector_13:
    mov rsp, rbp
    mov ebx, ${STRIDE.outcome}
  counted:
    cmp r8d, [rdi]
    je steady
    mov r8d, 1
  steady:
    and r8d, 3
    shl r8d, 5
    add r8, rbx
    inc qword [rsi + r8 + ${ENTRY.counts}]
    add rsi, ${ENTRY.size}
    jmp [rsi]
  end:
    jmp finish
`;

/** The list of one guest, as the host sees it while the guest runs. */
export class RaceList {
  readonly #view: DataView<ArrayBuffer>;
  readonly #accesses: readonly RaceAccess[];
  readonly #symbol: (label: string) => bigint;
  #changes = 0;

  /** Writes `accesses` into the list of the guest in window `slot` of `vm`. */
  constructor(
    vm: Vm,
    slot: number,
    symbol: (label: string) => bigint,
    accesses: readonly RaceAccess[],
  ) {
    const size = HEAD.entries + (accesses.length + 1) * ENTRY.size;
    this.#view = vm.memory.view(slot * WINDOW_SIZE + LAYOUT.list, size);
    this.#accesses = accesses;
    this.#symbol = symbol;
    new Uint8Array(this.#view.buffer, this.#view.byteOffset, size).fill(0);
    accesses.forEach(({ kind, index, value }, i) => {
      const at = this.#entry(i);
      this.#view.setBigUint64(at + ENTRY.operation, symbol(kind), true);
      this.#view.setUint32(at + ENTRY.index, index, true);
      this.#view.setBigUint64(at + ENTRY.value, value ?? 0n, true);
      this.#view.setBigUint64(at + ENTRY.mask, value === undefined ? 0n : ~0n, true);
    });
    this.#setEnd("again");
  }

  #entry(i: number): number {
    return HEAD.entries + i * ENTRY.size;
  }

  #setEnd(label: "again" | "end"): void {
    const at = this.#entry(this.#accesses.length) + ENTRY.operation;
    this.#view.setBigUint64(at, this.#symbol(label), true);
  }

  /** Tells the guest which filter is in force. */
  set phase(phase: RacePhase) {
    this.#changes++;
    this.#view.setUint32(HEAD.phase, this.#changes * 4 + PHASES.indexOf(phase), true);
  }

  /** How often the guest has been through the list. */
  get rounds(): number {
    return Number(this.#view.getBigUint64(HEAD.rounds, true));
  }

  /** Tells the guest to end after this round. */
  end(): void {
    this.#setEnd("end");
  }

  /** What the guest has counted so far of access number `i`. */
  tally(i: number): Tally {
    const count = (phase: number, outcome: number): number => {
      const at = this.#entry(i) + ENTRY.counts + phase * STRIDE.phase + outcome * STRIDE.outcome;
      return Number(this.#view.getBigUint64(at, true));
    };
    return Object.fromEntries(PHASES.map((phase, p) => [
      phase,
      Object.fromEntries(OUTCOMES.map((outcome, o) => [outcome, count(p, o)])),
    ])) as Tally;
  }
}
