/**
 * A guest that spins in one `KVM_RUN`, on a thread of its own, and accesses an
 * MSR when it is told to.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  asm64,
  type Exit,
  formatMsr,
  GuestThread,
  type MsrAccess,
  type RdmsrExit,
  type Vcpu,
  type Vm,
  type WrmsrExit,
} from "@trapline/trapline";
import { sleep } from "./processors.ts";

/**
 * Accesses the MSR whose index lies at 8 whenever the word at 0 changes: reads it, or when the
 * word at 12 is 1 writes what lies at 16; says how it went at 24, with EDX:EAX at 16.
 * Interrupts are let in for the sake of Bochs, as in the guest that hammers.
 */
const ACCESSES_WHEN_TOLD = asm64`
    mov rdi, list
    mov rbp, rsp
    sti
  spinning:
    mov esi, [rdi]
    cmp esi, [rdi + 4]
    je spinning
    mov ecx, [rdi + 8]
    mov eax, [rdi + 16]
    mov edx, [rdi + 20]
    mov ebx, [rdi + 12]
    cmp ebx, 1
    mov ebx, 1
    je writing
    rdmsr
    jmp done
  writing:
    wrmsr
    jmp done
  vector_13:
    mov rsp, rbp
    mov ebx, 2
  done:
    mov [rdi + 16], eax
    mov [rdi + 20], edx
    mov [rdi + 24], ebx
    mov [rdi + 4], esi
    sti
    jmp spinning
`;
const LIST = 0x10_0000;
const WORD = { told: 0, done: 4, index: 8, writes: 12, value: 16, outcome: 24 } as const;

/** The run's deadline, far beyond the tenth of it in which its watchdog looks in. */
const SPIN_DEADLINE_MS = 600_000;

/** Milliseconds in which the guest does what it is told, however busy the machine is. */
export const PROMPT_MS = 20_000;

/** How an access went in the guest: the value read or written, or that it faulted. */
export type ToldOutcome = bigint | "#GP";

/** The only vCPU of a VM, which accesses MSRs when it is told to and makes no other exit. */
export class ToldGuest implements AsyncDisposable {
  readonly #thread: GuestThread;
  readonly #words: DataView;
  #run: Promise<Exit> | undefined;

  private constructor(thread: GuestThread, words: DataView) {
    this.#thread = thread;
    this.#words = words;
  }

  /** Boots it in `vm`. */
  static async boot(vm: Vm): Promise<ToldGuest> {
    const thread = await GuestThread.boot(vm, ACCESSES_WHEN_TOLD, { deadlineMs: SPIN_DEADLINE_MS });
    return new ToldGuest(thread, vm.memory.view(LIST, 32));
  }

  /** The vCPU, for all but running while the guest does not run. */
  get vcpu(): Vcpu {
    return this.#thread.session.vcpu;
  }

  /** Enters the guest, which then spins. */
  enter(): void {
    this.#run = this.#thread.step();
  }

  /** Tells it to make `access`, and waits for it on this thread: no exit may come. */
  access(access: MsrAccess): ToldOutcome {
    this.#tell(access);
    return this.outcome();
  }

  /** Tells it to make `access`, which must exit. */
  async exitOf(access: MsrAccess): Promise<RdmsrExit | WrmsrExit> {
    let exit: Exit | undefined;
    this.#run!.then((made) => exit = made, () => {});
    this.#tell(access);
    const end = performance.now() + PROMPT_MS;
    while (exit === undefined && !this.#isDone && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const wanted = access.kind === "read" ? "X86_RDMSR" : "X86_WRMSR";
    const got = exit?.name ?? `no exit, ${this.#isDone ? this.outcome() : "and no end of it"}`;
    assertEquals(got, wanted, `the exit of a ${access.kind} of ${formatMsr(access.index)}`);
    return exit as RdmsrExit | WrmsrExit;
  }

  /** Waits on this thread until the guest has made the access, and gives how it went. */
  outcome(): ToldOutcome {
    const words = this.#words;
    const end = performance.now() + PROMPT_MS;
    while (!this.#isDone) {
      sleep(0.02);
      const index = words.getUint32(WORD.index, true);
      assert(performance.now() < end, `The guest does not come back from ${formatMsr(index)}`);
    }
    const passed = words.getUint32(WORD.outcome, true) === 1;
    return passed ? words.getBigUint64(WORD.value, true) : "#GP";
  }

  /** Stops it, and asserts that it made no exit of its own since it was entered. */
  async stop(): Promise<void> {
    await this.#thread.stop();
    assertEquals((await this.#run!).name, "INTR", "the vCPU made no exit of its own");
  }

  /** Ends its thread. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#thread.close();
  }

  get #isDone(): boolean {
    return this.#words.getUint32(WORD.done, true) === this.#words.getUint32(WORD.told, true);
  }

  #tell({ kind, index, value = 0n }: MsrAccess): void {
    const words = this.#words;
    words.setUint32(WORD.index, index, true);
    words.setUint32(WORD.writes, kind === "write" ? 1 : 0, true);
    words.setBigUint64(WORD.value, value, true);
    words.setUint32(WORD.told, words.getUint32(WORD.told, true) + 1, true);
  }
}
