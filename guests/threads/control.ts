/**
 * The words that a vCPU's thread and its owner share: who may touch the vCPU,
 * and how many exits the thread has answered by itself.
 *
 * @module
 */

/** Who has the vCPU. */
export const HOLDER = {
  /** The thread waits for work and stays out of the vCPU. */
  owner: 0,
  /** The thread is in the vCPU, in the kernel or in `kvm_run`. */
  thread: 1,
  /** The vCPU is gone, or about to go; the thread stays out for good. */
  nobody: 2,
} as const;

const SIZE = 32;

/** Index of the holder among the words of 32 bits. */
const HOLDER_WORD = 0;
/** Indices of the counts among the words of 64 bits. */
const COUNT = { rdmsr: 1, wrmsr: 2 } as const;

/** How many MSR exits a thread has answered by itself. */
export interface AnsweredExits {
  /** Reads. */
  readonly rdmsr: number;
  /** Writes. */
  readonly wrmsr: number;
}

/** The shared words of one thread; either side makes its own over the same buffer. */
export class Control {
  /** The words, to hand to the other side. */
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #counts: BigUint64Array;

  /** Takes the words of the other side, or makes new ones. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(SIZE)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#counts = new BigUint64Array(buffer);
  }

  /** The thread takes the vCPU; false when nobody may have it any more. */
  take(): boolean {
    const held = Atomics.compareExchange(this.#words, HOLDER_WORD, HOLDER.owner, HOLDER.thread);
    return held === HOLDER.owner;
  }

  /** The thread gives the vCPU back. */
  giveBack(): void {
    Atomics.store(this.#words, HOLDER_WORD, HOLDER.owner);
    Atomics.notify(this.#words, HOLDER_WORD);
  }

  /** Takes the vCPU away for good, unless the thread has it now; says whether it is gone. */
  withdraw(): boolean {
    const held = Atomics.compareExchange(this.#words, HOLDER_WORD, HOLDER.owner, HOLDER.nobody);
    return held !== HOLDER.thread;
  }

  /** Takes the vCPU away from a thread that is no more. */
  withdrawFromDead(): void {
    Atomics.store(this.#words, HOLDER_WORD, HOLDER.nobody);
  }

  /** Sleeps on the calling thread until the thread gives the vCPU back, at most `ms` milliseconds. */
  waitForReturn(ms: number): void {
    Atomics.wait(this.#words, HOLDER_WORD, HOLDER.thread, ms);
  }

  /** Counts an exit that the thread has answered. */
  count(kind: keyof AnsweredExits): void {
    Atomics.add(this.#counts, COUNT[kind], 1n);
  }

  /** The exits that the thread has answered so far. */
  get answered(): AnsweredExits {
    return {
      rdmsr: Number(Atomics.load(this.#counts, COUNT.rdmsr)),
      wrmsr: Number(Atomics.load(this.#counts, COUNT.wrmsr)),
    };
  }
}
