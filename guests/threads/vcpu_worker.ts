/**
 * The thread of a vCPU: a module for a `Worker`, which runs the vCPU that it
 * is handed as often as it is told to.
 *
 * @module
 */
import { DeadlineError, KvmError } from "../../kvm/errors.ts";
import { RunPage } from "../../kvm/run_page.ts";
import { Mapping } from "../../kvm/sys/mapping.ts";
import { thisThread } from "../../kvm/sys/thread.ts";
import { Watchdog } from "../../kvm/sys/watchdog.ts";
import { Vcpu } from "../../kvm/vcpu.ts";
import { Control } from "./control.ts";
import type { FromThread, Handover, Report, RunOrder, ToThread } from "./messages.ts";
import { MsrAnswerer } from "./msr_answers.ts";

/** The parts of a deadline by which it is shortened as exits use it up. */
const DEADLINE_STEPS = 16;

interface Scope {
  onmessage: ((event: MessageEvent<ToThread>) => void) | null;
  postMessage(message: FromThread): void;
}
const scope = globalThis as unknown as Scope;

class VcpuRunner {
  readonly #vcpu: Vcpu;
  readonly #control: Control;
  readonly #answerer = new MsrAnswerer();

  constructor({ fd, id, address, size, control }: Handover) {
    this.#vcpu = new Vcpu(fd, id, new RunPage(Mapping.borrowed(address, size)));
    this.#control = new Control(control);
  }

  run(order: RunOrder): Report | undefined {
    // Another holder means that the vCPU is closed: its number and its pages may be others' now.
    if (!this.#control.take()) return undefined;
    try {
      this.#runToExit(order);
      return { kind: "exit" };
    } catch (error) {
      if (error instanceof DeadlineError) {
        return { kind: "deadline", deadlineMs: order.deadlineMs, rip: error.rip };
      }
      if (error instanceof KvmError) {
        return { kind: "refused", ioctl: error.ioctl, errno: error.errno };
      }
      throw error;
    } finally {
      this.#control.giveBack();
    }
  }

  #runToExit({ deadlineMs, answers }: RunOrder): void {
    const end = performance.now() + deadlineMs;
    const step = deadlineMs / DEADLINE_STEPS;
    let left = DEADLINE_STEPS;
    while (true) {
      // In steps, so that the watchdog's alarm can stand for many runs.
      const exit = this.#vcpu.run({ deadlineMs: left * step });
      const answered = this.#answerer.answer(exit, answers);
      if (answered === undefined) return;
      this.#control.count(answered);
      left = Math.ceil((end - performance.now()) / step);
      if (left <= 0) throw new DeadlineError(deadlineMs, this.#vcpu.regs().rip);
    }
  }
}

let runner: VcpuRunner | undefined;

function answer(data: ToThread): Report | undefined {
  if (data.kind === "handover") {
    runner = new VcpuRunner(data);
    const { timer } = Watchdog.ofThisThread();
    return { kind: "ready", thread: thisThread(), timer };
  }
  if (runner === undefined) {
    throw new TypeError("Cannot run the vCPU: it has not been handed over");
  }
  return runner.run(data);
}

scope.onmessage = ({ data }: MessageEvent<ToThread>): void => {
  let report: FromThread | undefined;
  try {
    report = answer(data);
  } catch (error) {
    // The owner ends this thread as it hears of it, which must not be in the guest by then.
    scope.onmessage = null;
    // The owner throws it: what is thrown here would be printed as well, also when it is awaited.
    report = { kind: "died", error: error instanceof Error ? error : new Error(String(error)) };
  }
  if (report !== undefined) scope.postMessage(report);
};
