/**
 * A vCPU on a thread of its own.
 *
 * @module
 */
import { KVM_RUN } from "../../kvm/abi/kvm_run.ts";
import { ClosedError, DeadlineError, KvmError } from "../../kvm/errors.ts";
import { decodeExit, type Exit } from "../../kvm/exit.ts";
import { timeScale } from "../../kvm/time_scale.ts";
import type { Vcpu } from "../../kvm/vcpu.ts";
import { type AnsweredExits, Control } from "./control.ts";
import type { Report } from "./messages.ts";
import { checkAnswers, type MsrAnswers } from "./msr_answers.ts";
import { VcpuThreadError } from "./thread_error.ts";
import { WorkerThread } from "./worker_thread.ts";

const IMMEDIATE_EXIT = KVM_RUN.fields.immediate_exit.offset;
const DEFAULT_DEADLINE_MS = 10_000;
const STOP_DEADLINE_MS = 5_000;

/** How a thread runs its vCPU. */
export interface ThreadRunOptions {
  /**
   * Milliseconds that the run may take, with all exits that the thread answers
   * by itself; it ends with a `DeadlineError` then, or up to a sixth later.
   * Default 10,000, times `TRAPLINE_TIME_SCALE`.
   */
  readonly deadlineMs?: number;
  /** The MSR exits that the thread answers by itself; by default none. */
  readonly answers?: MsrAnswers;
}

interface PendingRun {
  readonly resolve: (exit: Exit) => void;
  readonly reject: (error: Error) => void;
  readonly promise: Promise<Exit>;
}

/**
 * A thread that runs one vCPU, so that the event loop goes on and other
 * threads can change the VM while the guest executes.
 *
 * While the vCPU runs, its ordinary calls throw here instead of waiting for it;
 * the VM's go on, and guest memory may be read and written. Between runs the
 * vCPU is as usual. Closing the vCPU or its VM stops the thread first.
 *
 * The thread dies with {@linkcode VcpuThread.close}; until then it keeps the
 * process alive.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { asm64, Kvm, Session, VcpuThread } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const { vcpu } = Session.boot(vm, asm64`jmp $`); // Never exits by itself.
 * await using thread = await VcpuThread.start(vcpu);
 * const running = thread.run();
 * await thread.stop();
 * assertEquals((await running).name, "INTR");
 * ```
 */
export class VcpuThread implements AsyncDisposable {
  /** The vCPU. */
  readonly vcpu: Vcpu;
  readonly #control: Control;
  readonly #worker: WorkerThread;
  #pending: PendingRun | undefined;
  #end: Error | undefined;

  private constructor(vcpu: Vcpu, control: Control, worker: WorkerThread) {
    this.vcpu = vcpu;
    this.#control = control;
    this.#worker = worker;
    worker.onMessage = (message) => this.#settle(message);
    worker.onDeath = (cause) => this.#die(cause);
    vcpu.page.beforeClose = () => this.#endNow();
  }

  /**
   * Starts a thread for `vcpu`.
   *
   * @param spawn Makes the `Worker`; by default of this library's own module.
   * @throws {Error} When a thread has the vCPU already.
   * @throws {VcpuThreadError} When the thread dies before it is there.
   * @throws {SystemError} When too few descriptors are left for it.
   */
  static async start(vcpu: Vcpu, spawn?: () => Worker): Promise<VcpuThread> {
    const { page } = vcpu;
    const size = page.view.byteLength;
    if (page.beforeClose !== undefined) {
      throw new Error(`Cannot start a thread for vCPU ${vcpu.id}: it has one already`);
    }
    page.beforeClose = () => {
      throw new Error(`Cannot close vCPU ${vcpu.id}: its thread is being started`);
    };
    const control = new Control();
    try {
      const worker = await WorkerThread.start(vcpu.id, {
        kind: "handover",
        fd: vcpu.fd,
        id: vcpu.id,
        address: page.address,
        size,
        control: control.buffer,
      }, spawn);
      return new VcpuThread(vcpu, control, worker);
    } catch (error) {
      page.beforeClose = undefined;
      throw error;
    }
  }

  /** Whether the vCPU is running. */
  get running(): boolean {
    return this.#pending !== undefined;
  }

  /** How many MSR exits the thread has answered by itself since it started. */
  get answered(): AnsweredExits {
    return this.#control.answered;
  }

  /**
   * `KVM_RUN` on the thread, until an exit comes that it does not answer by
   * itself. Answer that exit here, and run again.
   *
   * @throws {RangeError | TypeError} When the deadline is not positive, or an
   * answer is none that a thread can give.
   * @throws {DeadlineError} When the guest is still running at the deadline.
   * @throws {KvmError} When the kernel refuses the run.
   * @throws {VcpuThreadError} When the thread dies.
   * @throws {ClosedError} When the thread is closed.
   */
  run(options: ThreadRunOptions = {}): Promise<Exit> {
    const { deadlineMs = DEFAULT_DEADLINE_MS * timeScale(), answers = {} } = options;
    try {
      this.#assertIdle();
      checkAnswers(answers);
      if (!(deadlineMs > 0 && deadlineMs <= Number.MAX_SAFE_INTEGER)) {
        throw new RangeError(`Cannot run with a deadline of ${deadlineMs} ms: it must be positive`);
      }
      const { page } = this.vcpu;
      page.entries++;
      page.runsElsewhere = true;
    } catch (error) {
      return Promise.reject(error);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Exit>();
    // Who stops or closes the thread need not wait for the run as well.
    promise.catch(() => {});
    this.#pending = { promise, resolve, reject };
    this.#worker.watch();
    this.#worker.post({ kind: "run", deadlineMs, answers });
    return promise;
  }

  /**
   * Brings the guest out, also one that never exits: the run ends with the
   * exit INTR, unless another exit came first. What an exit left open is
   * completed. Does nothing when the vCPU does not run.
   *
   * @param deadlineMs Milliseconds to wait; default 5,000, times `TRAPLINE_TIME_SCALE`.
   * @throws {VcpuThreadError} When the thread is still in the guest at the deadline.
   */
  async stop(deadlineMs: number = STOP_DEADLINE_MS * timeScale()): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#interrupt();
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new VcpuThreadError(this.vcpu.id, `did not stop within ${deadlineMs} ms`)),
      deadlineMs,
    );
    try {
      await Promise.race([pending.promise.then(() => {}, () => {}), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Stops the guest and ends the thread; the vCPU lives on. Safe to call twice.
   *
   * @throws {VcpuThreadError} When the thread cannot be brought out of the guest, or does not end.
   */
  async close(): Promise<void> {
    this.#endNow();
    await this.#worker.ended();
  }

  /** Same as {@linkcode VcpuThread.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertIdle(): void {
    if (this.#end !== undefined) throw this.#end;
    if (this.#pending !== undefined) {
      throw new Error(`Cannot run vCPU ${this.vcpu.id}: its thread runs it already`);
    }
  }

  #interrupt(): void {
    // The byte first: a kick that comes between two runs then still counts.
    this.vcpu.page.view.setUint8(IMMEDIATE_EXIT, 1);
    this.#worker.kick();
  }

  /** Brings the thread out of the vCPU and ends it, without a turn of the event loop. */
  #endNow(): void {
    if (this.#end !== undefined) return;
    const patience = STOP_DEADLINE_MS * timeScale();
    const deadline = performance.now() + patience;
    while (!this.#control.withdraw()) {
      this.#interrupt();
      this.#control.waitForReturn(10);
      if (!this.#worker.alive) this.#control.withdrawFromDead();
      else if (performance.now() > deadline) {
        throw new VcpuThreadError(this.vcpu.id, `did not leave the guest within ${patience} ms`);
      }
    }
    this.#finish(new ClosedError("run the vCPU", "vCPU thread"));
  }

  #die(cause: Error): void {
    // It died in the vCPU or outside; either way it is not there any more.
    this.#control.withdrawFromDead();
    this.#finish(cause);
  }

  #finish(end: Error): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.vcpu.page.beforeClose = undefined;
    this.#worker.terminate();
    this.#take()?.reject(end);
  }

  #take(): PendingRun | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#worker.unwatch();
    const { page } = this.vcpu;
    page.runsElsewhere = false;
    page.view.setUint8(IMMEDIATE_EXIT, 0);
    return pending;
  }

  #settle(message: Report): void {
    const pending = this.#take();
    if (pending === undefined) return;
    switch (message.kind) {
      case "exit":
        return pending.resolve(decodeExit(this.vcpu.page));
      case "deadline":
        return pending.reject(new DeadlineError(message.deadlineMs, message.rip));
      case "refused":
        return pending.reject(new KvmError(message.ioctl, message.errno));
      case "ready":
        return pending.reject(new TypeError("Cannot run the vCPU: its thread started twice"));
    }
  }
}
