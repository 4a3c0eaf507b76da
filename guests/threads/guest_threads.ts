/**
 * Several guests of one VM, each on a thread of its own.
 *
 * @module
 */
import type { Exit } from "../../kvm/exit.ts";
import type { Vm } from "../../kvm/vm.ts";
import type { AsmSource } from "../asm/mod.ts";
import type { Observation } from "../observation.ts";
import { Session, type SessionOptions } from "../session.ts";
import { GuestThread, type ThreadHandlers } from "./guest_thread.ts";
import type { ThreadRunOptions } from "./vcpu_thread.ts";

/**
 * The guests of one VM, started and stopped together.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { asm64, GuestThreads, Kvm, MsrFilter } from "@trapline/trapline";
 *
 * const reads = asm64`
 *     mov ecx, 0x174
 *   again:
 *     rdmsr
 *     jmp again
 * `;
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.enableUserSpaceMsr(["filter"]);
 * await using guests = await GuestThreads.boot(vm, [reads, reads]);
 *
 * const running = guests.step({ answers: { rdmsr: 0n } });
 * vm.setMsrFilter(MsrFilter.DENY_ALL); // While both of them read.
 * while (guests.threads.some(({ answered }) => answered.rdmsr < 10)) {
 *   await new Promise((resolve) => setTimeout(resolve, 1));
 * }
 * await guests.stop();
 * assertEquals((await running).map(({ name }) => name), ["INTR", "INTR"]);
 * ```
 */
export class GuestThreads implements AsyncDisposable {
  /** The guests, in the order of their programs. */
  readonly threads: readonly GuestThread[];

  private constructor(threads: readonly GuestThread[]) {
    this.threads = threads;
  }

  /**
   * Boots one guest for each of `programs`, and starts their threads.
   *
   * @throws {RangeError | SyntaxError | KvmError} As {@linkcode Session.boot}.
   * @throws {VcpuThreadError} When a thread does not start; the others are ended.
   */
  static async boot(
    vm: Vm,
    programs: readonly AsmSource[],
    options: SessionOptions = {},
  ): Promise<GuestThreads> {
    const sessions = programs.map((program) => Session.boot(vm, program, options));
    const started = await Promise.allSettled(
      sessions.map((session) => GuestThread.of(session, options)),
    );
    const threads = started.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
    const guests = new GuestThreads(threads);
    const failed = started.find((each) => each.status === "rejected");
    if (failed !== undefined) {
      await guests.close();
      throw failed.reason;
    }
    return guests;
  }

  /** Runs every guest to its next exit that its thread does not answer by itself. */
  step(options: ThreadRunOptions = {}): Promise<Exit[]> {
    return this.#all((guest) => guest.step(options));
  }

  /** Runs every guest to its program's end, and says what each saw. */
  finish(handlers: ThreadHandlers = {}): Promise<Observation[]> {
    return this.#all((guest) => guest.finish(handlers));
  }

  /** Brings every guest out: {@linkcode GuestThread.stop}. */
  async stop(deadlineMs?: number): Promise<void> {
    await this.#all((guest) => guest.stop(deadlineMs));
  }

  /** Stops every guest and ends every thread, also when one of them cannot be. */
  async close(): Promise<void> {
    const ended = await Promise.allSettled(this.threads.map((guest) => guest.close()));
    const failed = ended.find((each) => each.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** Same as {@linkcode GuestThreads.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #all<T>(action: (guest: GuestThread) => Promise<T>): Promise<T[]> {
    const all = Promise.all(this.threads.map(action));
    // Who stops or closes the guests need not wait for the runs as well.
    all.catch(() => {});
    return all;
  }
}
