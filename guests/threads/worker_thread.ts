/**
 * The `Worker` behind a vCPU's thread, and whether it still lives.
 *
 * @module
 */
import { requireDescriptors } from "../../kvm/sys/spare_descriptors.ts";
import { deleteTimer, kickThread, threadIsAlive } from "../../kvm/sys/thread.ts";
import { timeScale } from "../../kvm/time_scale.ts";
import type { FromThread, Handover, Report, ToThread } from "./messages.ts";
import { VcpuThreadError } from "./thread_error.ts";

const MODULE = new URL("./vcpu_worker.ts", import.meta.url).href;
/** How often a thread that is at work is looked after, in milliseconds. */
const WATCH_MS = 50;
/** How long a thread that was told to end may take, in milliseconds. */
const END_MS = 10_000;

/** How long a thread may take to start, in milliseconds: one that ends itself says nothing. */
const START_MS = 30_000;

/** More than a worker of Deno takes, which aborts the process when it finds none left. */
const DESCRIPTORS = 8;

function deathOf(vcpu: number, how: string, cause: Error): VcpuThreadError {
  return new VcpuThreadError(vcpu, `${how}: ${cause.message}`, { cause });
}

/** The worker of one vCPU. */
export class WorkerThread {
  /** Called with what the thread says. */
  onMessage: (message: Report) => void = () => {};
  /** Called once when the thread has died by itself. */
  onDeath: (cause: Error) => void = () => {};
  /** Workers that have been made and have yet to take their descriptors. */
  static #starting = 0;
  readonly #vcpu: number;
  readonly #worker: Worker;
  readonly #thread: number;
  readonly #timer: bigint;
  #watch: ReturnType<typeof setInterval> | undefined;
  #ended = false;

  private constructor(vcpu: number, worker: Worker, thread: number, timer: bigint) {
    this.#vcpu = vcpu;
    this.#worker = worker;
    this.#thread = thread;
    this.#timer = timer;
    worker.onmessage = ({ data }: MessageEvent<FromThread>) => {
      if (data.kind === "died") this.#died(deathOf(vcpu, "died", data.error));
      else this.onMessage(data);
    };
    worker.onerror = (event) => {
      event.preventDefault(); // Else it would end this process.
      this.#died(new VcpuThreadError(vcpu, `died: ${event.message}`, { cause: event.error }));
    };
  }

  /**
   * Starts a worker and hands it the vCPU `vcpu`.
   *
   * @param patienceMs Milliseconds that it may take.
   * @throws {VcpuThreadError} When the worker dies before it is there, or is not there in time.
   * @throws {SystemError} When too few descriptors are left for it.
   */
  static async start(
    vcpu: number,
    handover: Handover,
    spawn: () => Worker = () => new Worker(MODULE, { type: "module" }),
    patienceMs: number = START_MS * timeScale(),
  ): Promise<WorkerThread> {
    requireDescriptors(DESCRIPTORS * (WorkerThread.#starting + 1));
    const { promise, resolve, reject } = Promise.withResolvers<WorkerThread>();
    const worker = spawn();
    WorkerThread.#starting++;
    const fail = (error: VcpuThreadError): void => {
      clearTimeout(late);
      worker.terminate();
      reject(error);
    };
    const late = setTimeout(
      () => fail(new VcpuThreadError(vcpu, `did not start within ${patienceMs} ms`)),
      patienceMs,
    );
    worker.onerror = (event) => {
      event.preventDefault();
      fail(new VcpuThreadError(vcpu, `did not start: ${event.message}`));
    };
    worker.onmessage = ({ data }: MessageEvent<FromThread>) => {
      if (data.kind === "ready") {
        clearTimeout(late);
        resolve(new WorkerThread(vcpu, worker, data.thread, data.timer));
      } else if (data.kind === "died") fail(deathOf(vcpu, "did not start", data.error));
      else fail(new VcpuThreadError(vcpu, `did not start: it said "${data.kind}"`));
    };
    worker.postMessage(handover);
    try {
      return await promise;
    } finally {
      WorkerThread.#starting--;
    }
  }

  /** Whether the thread exists, be it on its way out. */
  get alive(): boolean {
    return threadIsAlive(this.#thread);
  }

  /** Says something to the thread. */
  post(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  /** Brings the thread out of `KVM_RUN`. */
  kick(): void {
    kickThread(this.#thread);
  }

  /** Looks after the thread from now on: one that was terminated says nothing. */
  watch(): void {
    this.#watch ??= setInterval(() => {
      if (!this.alive) this.#died(new VcpuThreadError(this.#vcpu, "died: it was terminated"));
    }, WATCH_MS);
  }

  /** Ends {@linkcode WorkerThread.watch}. */
  unwatch(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  /** Ends the thread, which must be out of the guest, and its timer. */
  terminate(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.unwatch();
    this.#worker.terminate();
    deleteTimer(this.#timer);
  }

  /**
   * Waits until a thread that was told to end is no more.
   *
   * @throws {VcpuThreadError} When it does not end.
   */
  async ended(): Promise<void> {
    const deadline = performance.now() + END_MS * timeScale();
    while (this.alive) {
      if (performance.now() > deadline) {
        throw new VcpuThreadError(this.#vcpu, `did not end within ${END_MS * timeScale()} ms`);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  #died(cause: Error): void {
    if (this.#ended) return;
    this.terminate();
    this.onDeath(cause);
  }
}
