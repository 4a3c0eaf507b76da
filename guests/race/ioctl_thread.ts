/**
 * Threads that call an ioctl again and again, from the side of their owner.
 *
 * @module
 */
import type { Ioctl } from "../../kvm/abi/ioctl.ts";
import type { Handle } from "../../kvm/handle.ts";
import { requireDescriptors } from "../../kvm/sys/spare_descriptors.ts";

/** The words that a thread and its owner share, by index. */
export const WORD = {
  /** The turns given so far; the first one starts the thread. */
  turn: 0,
  /** 1 when the thread is to stop. */
  stop: 1,
  /** The number of the call that is being made. */
  calling: 2,
  /** The calls that have returned. */
  called: 3,
} as const;

/** What a thread is to do. */
export interface IoctlOrder {
  /** The descriptor. */
  readonly fd: number;
  /** The ioctl's number. */
  readonly request: number;
  /** The arguments, one after the other, round and round. */
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
  /** The shared words. */
  readonly words: SharedArrayBuffer;
  /** Whether it makes one call a turn, or as many as it can. */
  readonly byTurns: boolean;
}

/** What a thread has done. */
export interface IoctlReport {
  /** The calls that the kernel did not refuse. */
  readonly calls: number;
  /** The calls after which the argument held other bytes than at the start. */
  readonly changed: number;
  /** The longest call, in milliseconds. */
  readonly slowestMs: number;
  /** What the calls gave, each once. */
  readonly results: readonly number[];
  /** The errno of the refusal that ended it, or 0. */
  readonly refused: number;
}

const MODULE = new URL("./ioctl_worker.ts", import.meta.url).href;

/** More than a worker of Deno takes, which aborts the process when it finds none left. */
const DESCRIPTORS = 8;

/**
 * A thread that calls one ioctl of one descriptor, again and again or once a
 * turn, until it is told to stop or the kernel refuses.
 *
 * The descriptor must stay open until the thread has ended or been refused.
 *
 * @example Usage
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { IOCTL, Kvm, MsrFilter } from "@trapline/trapline";
 * import { IoctlThread } from "@trapline/trapline/race";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const filters = [MsrFilter.DENY_ALL, MsrFilter.ALLOW_ALL].map((filter) => filter.encode().bytes);
 * const setter = await IoctlThread.make(vm, IOCTL.X86_SET_MSR_FILTER, filters);
 * setter.turn();
 * setter.waitForCall(2, 10_000);
 * const { calls, refused } = await setter.stop();
 * assert(calls >= 2);
 * assertEquals(refused, 0);
 * ```
 */
export class IoctlThread implements AsyncDisposable {
  /** The arguments. They stay here, for addresses in them may lead to themselves. */
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
  readonly #worker: Worker;
  readonly #words: Int32Array;
  readonly #report: Promise<IoctlReport>;

  private constructor(
    buffers: readonly Uint8Array<ArrayBuffer>[],
    worker: Worker,
    words: Int32Array,
    report: Promise<IoctlReport>,
  ) {
    this.buffers = buffers;
    this.#worker = worker;
    this.#words = words;
    this.#report = report;
  }

  /**
   * Makes a thread for `request` on `handle`, which waits for its first turn.
   *
   * @param buffers The arguments, one after the other, round and round.
   * @param byTurns Whether it makes one call a turn, or after the first as many as it can.
   * @throws {SystemError} When too few descriptors are left for a thread.
   * @throws {Error} When the thread does not start.
   */
  static async make(
    handle: Handle,
    request: Ioctl,
    buffers: readonly Uint8Array<ArrayBuffer>[],
    byTurns = false,
  ): Promise<IoctlThread> {
    const words = new Int32Array(new SharedArrayBuffer(16));
    requireDescriptors(DESCRIPTORS);
    const worker = new Worker(MODULE, { type: "module" });
    const ready = Promise.withResolvers<void>();
    const report = Promise.withResolvers<IoctlReport>();
    worker.onmessage = ({ data }: MessageEvent<IoctlReport | "ready">) =>
      data === "ready" ? ready.resolve() : report.resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      ready.reject(new Error(event.message));
      report.reject(new Error(event.message));
    };
    report.promise.catch(() => {});
    const order: IoctlOrder = {
      fd: handle.fd,
      request: request.request,
      buffers,
      words: words.buffer as SharedArrayBuffer,
      byTurns,
    };
    worker.postMessage(order);
    await ready.promise;
    return new IoctlThread(buffers, worker, words, report.promise);
  }

  /** Gives a turn: to start, or to make one more call. */
  turn(): void {
    Atomics.add(this.#words, WORD.turn, 1);
    Atomics.notify(this.#words, WORD.turn);
  }

  /** The number of the call that is being made, or was made last. */
  get calling(): number {
    return Atomics.load(this.#words, WORD.calling);
  }

  /** The calls that have returned. */
  get called(): number {
    return Atomics.load(this.#words, WORD.called);
  }

  /** Sleeps on this thread until call number `call` has returned, at most `ms` milliseconds. */
  waitForCall(call: number, ms: number): void {
    const end = performance.now() + ms;
    while (this.called < call && performance.now() < end) {
      Atomics.wait(this.#words, WORD.called, this.called, 1);
    }
  }

  /** Waits until the kernel refuses a call, and says what the thread has done. */
  async refused(): Promise<IoctlReport> {
    const report = await this.#report;
    this.#worker.terminate();
    return report;
  }

  /** Lets the thread end after the call that it is making, and says what it has done. */
  async stop(): Promise<IoctlReport> {
    Atomics.store(this.#words, WORD.stop, 1);
    this.turn();
    return await this.refused();
  }

  /** Ends the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
