/**
 * A guest on a thread of its own: the session of one vCPU, awaited.
 *
 * @module
 */
import { DeadlineError, ExitBudgetError } from "../../kvm/errors.ts";
import type { Exit, ExitName, ExitOf } from "../../kvm/exit.ts";
import { timeScale } from "../../kvm/time_scale.ts";
import type { Vm } from "../../kvm/vm.ts";
import type { AsmSource } from "../asm/mod.ts";
import { GuestAssertionError } from "../assertion_error.ts";
import type { Observation } from "../observation.ts";
import { type MsrHandlers, Session, type SessionOptions } from "../session.ts";
import type { AnsweredExits } from "./control.ts";
import { type ThreadRunOptions, VcpuThread } from "./vcpu_thread.ts";

/** Who stops or closes a guest need not wait for its run as well. */
function needNotBeAwaited<T>(run: Promise<T>): Promise<T> {
  run.catch(() => {});
  return run;
}

/** Who answers which MSR exits of a guest on its way to the end. */
export interface ThreadHandlers extends MsrHandlers, ThreadRunOptions {}

/**
 * A {@linkcode Session} whose guest runs on a thread of its own. The exits come
 * here as they do there, or are answered on the thread; meanwhile the VM can
 * be changed under the guest.
 *
 * The guest's memory, registers and program are the session's; it may be used
 * for all but running whenever the guest does not run.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { guest, GuestThread, Kvm, MsrFilter } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.enableUserSpaceMsr(["filter"]);
 * vm.setMsrFilter(MsrFilter.DENY_ALL);
 *
 * await using thread = await GuestThread.boot(vm, guest.rdmsr(0x174));
 * const exit = await thread.next("X86_RDMSR");
 * exit.supply(7n);
 * assertEquals((await thread.finish()).value, 7n);
 *
 * thread.session.restart();
 * const end = await thread.finish({ answers: { rdmsr: 8n } });
 * assertEquals([end.value, thread.answered.rdmsr], [8n, 1]);
 * ```
 */
export class GuestThread implements AsyncDisposable {
  /** The guest. */
  readonly session: Session;
  /** The thread of its vCPU. */
  readonly thread: VcpuThread;
  readonly #deadlineMs: number;
  readonly #maxExits: number;

  private constructor(session: Session, thread: VcpuThread, options: SessionOptions) {
    this.session = session;
    this.thread = thread;
    this.#deadlineMs = options.deadlineMs ?? 10_000 * timeScale();
    this.#maxExits = options.maxExits ?? 10_000;
  }

  /**
   * Boots a guest as {@linkcode Session.boot} does and starts a thread for it.
   *
   * @throws {RangeError | SyntaxError | KvmError} As {@linkcode Session.boot}.
   * @throws {VcpuThreadError} When the thread does not start.
   */
  static boot(vm: Vm, program: AsmSource, options: SessionOptions = {}): Promise<GuestThread> {
    return GuestThread.of(Session.boot(vm, program, options), options);
  }

  /**
   * Starts a thread for the guest of `session`.
   *
   * @param options How each run, and all of them, are bounded; the mode is the session's.
   * @throws {VcpuThreadError} When the thread does not start.
   */
  static async of(session: Session, options: SessionOptions = {}): Promise<GuestThread> {
    return new GuestThread(session, await VcpuThread.start(session.vcpu), options);
  }

  /** Whether the guest is running. */
  get running(): boolean {
    return this.thread.running;
  }

  /** How many MSR exits the thread has answered by itself since it started. */
  get answered(): AnsweredExits {
    return this.thread.answered;
  }

  /**
   * Runs to the next exit that the thread does not answer by itself.
   *
   * @throws {DeadlineError} When the guest does not exit in time; it says where the guest is.
   * @throws {ExitBudgetError} When the exits that came here are used up.
   * @throws {VcpuThreadError} When the thread dies.
   * @throws {ClosedError} When the thread is closed.
   */
  step(options: ThreadRunOptions = {}): Promise<Exit> {
    return needNotBeAwaited(this.#step(options));
  }

  async #step(options: ThreadRunOptions): Promise<Exit> {
    const { session } = this;
    if (session.transcript.count >= this.#maxExits) {
      const { rip } = session.vcpu.regs();
      throw new ExitBudgetError(this.#maxExits, rip, `\n${session.describe()}`);
    }
    try {
      const exit = await this.thread.run({ deadlineMs: this.#deadlineMs, ...options });
      session.transcript.add(exit);
      return exit;
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      throw new DeadlineError(error.deadlineMs, error.rip, `\n${session.describe()}`);
    }
  }

  /**
   * Runs to the next exit, which must be `name`.
   *
   * @throws {GuestAssertionError} When it is another one.
   */
  async next<N extends ExitName>(name: N, options: ThreadRunOptions = {}): Promise<ExitOf<N>> {
    const exit = await this.step(options);
    if (exit.name === name) return exit as ExitOf<N>;
    throw GuestAssertionError.forExit(this.session, name, exit);
  }

  /**
   * Runs to the program's end and says what the guest saw. MSR exits on the
   * way are answered on the thread, by `answers`, or here, by the handlers.
   *
   * @throws {GuestAssertionError} When an exit comes that is neither the end nor answered,
   * also the INTR of {@linkcode GuestThread.stop}.
   */
  finish(handlers: ThreadHandlers = {}): Promise<Observation> {
    return needNotBeAwaited(this.#finish(handlers));
  }

  async #finish(handlers: ThreadHandlers): Promise<Observation> {
    const { onRdmsr, onWrmsr, ...options } = handlers;
    while (true) {
      const exit = await this.step(options);
      const end = this.session.endOf(exit);
      if (end !== undefined) return end;
      if (exit.name === "X86_RDMSR" && onRdmsr !== undefined) onRdmsr(exit);
      else if (exit.name === "X86_WRMSR" && onWrmsr !== undefined) onWrmsr(exit);
      else throw GuestAssertionError.forExit(this.session, "the end of the program", exit);
    }
  }

  /** Brings the guest out, also one that never exits: {@linkcode VcpuThread.stop}. */
  stop(deadlineMs?: number): Promise<void> {
    return this.thread.stop(deadlineMs);
  }

  /** Stops the guest and ends the thread; the session lives on: {@linkcode VcpuThread.close}. */
  close(): Promise<void> {
    return this.thread.close();
  }

  /** Same as {@linkcode GuestThread.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
