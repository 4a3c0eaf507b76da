/**
 * A guest on its way: booted, stepped exit by exit, and asked in the end what
 * it saw.
 *
 * @module
 */
import { DeadlineError, ExitBudgetError } from "../kvm/errors.ts";
import type { Exit, ExitName, ExitOf } from "../kvm/exit.ts";
import type { RdmsrExit, WrmsrExit } from "../kvm/msr_exit.ts";
import type { RunOptions, Vcpu } from "../kvm/vcpu.ts";
import type { Vm } from "../kvm/vm.ts";
import { asm64, type AsmSource, type Assembly } from "./asm/mod.ts";
import { bootVcpu, resetRegs, returnToRing3, writeWindow } from "./boot/boot.ts";
import { defaultMode, type GuestMode } from "./boot/mode.ts";
import { GuestAssertionError } from "./assertion_error.ts";
import { describeGuest } from "./describe.ts";
import { clearReport, formatFault, type Observation, readReport } from "./observation.ts";
import { assembleProgram, writeProgram } from "./load.ts";
import { completePending } from "./pending.ts";
import { PORT, WINDOW_SIZE } from "./protocol.ts";
import { Transcript } from "./transcript.ts";
import {
  accessAtHand,
  type MsrAccess,
  readOutcomes,
  WALK_CAPACITY,
  type WalkedAccess,
  walker,
  writeAccesses,
} from "./walker.ts";
import { forgetExits, witnessed } from "./witness.ts";

const NOTHING: AsmSource = asm64`jmp finish`;

/** How a guest is booted and bounded. */
export interface SessionOptions {
  /** The state it starts in; by default what its bitness suggests, in ring 0. */
  readonly mode?: GuestMode;
  /** Milliseconds that one run may take; default 10,000, times `TRAPLINE_TIME_SCALE`. */
  readonly deadlineMs?: number;
  /** Exits that the guest may make before a program's end; default 10,000. */
  readonly maxExits?: number;
}

/** What to do at an MSR exit; an exit without a handler is a failure. */
export interface MsrHandlers {
  /** Answers a read. */
  readonly onRdmsr?: (exit: RdmsrExit) => void;
  /** Answers a write. */
  readonly onWrmsr?: (exit: WrmsrExit) => void;
}

/**
 * One guest on one vCPU, in a window of guest-physical memory of its own.
 *
 * Lives as long as its VM, which owns all it made.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { assertGp, guest, Kvm, Msr, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.enableUserSpaceMsr(["filter"]);
 * vm.setMsrFilter({
 *   default: "allow",
 *   ranges: [{ base: Msr.IA32_SYSENTER_CS, count: 1, deny: "read" }],
 * });
 *
 * const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
 * const exit = session.next("X86_RDMSR");
 * assertEquals(exit.reasons, ["filter"]);
 * exit.refuse();
 * assertGp(session, session.finish(), { rip: session.symbol("rdmsr") });
 * ```
 */
export class Session {
  /** The VM. */
  readonly vm: Vm;
  /** The vCPU. */
  readonly vcpu: Vcpu;
  /** The state in which programs start. */
  readonly mode: GuestMode;
  /** Guest-physical address of the window. */
  readonly base: number;
  /** The exits since the program was loaded. */
  readonly transcript: Transcript = new Transcript();
  readonly #runOptions: RunOptions;
  readonly #maxExits: number;
  #program: Assembly;

  private constructor(
    vm: Vm,
    vcpu: Vcpu,
    mode: GuestMode,
    base: number,
    program: Assembly,
    options: SessionOptions,
  ) {
    this.vm = vm;
    this.vcpu = vcpu;
    this.mode = mode;
    this.base = base;
    this.#runOptions = options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs };
    this.#maxExits = options.maxExits ?? 10_000;
    this.#program = program;
  }

  /**
   * Gives the VM a new vCPU and a window of memory, and loads `program` there,
   * by default one that ends at once: {@linkcode Session.walk} brings its own.
   *
   * @throws {RangeError} When the program is too long, or its bitness is not
   * the mode's; or for a second guest in real mode, which reaches one window only.
   * @throws {SyntaxError} When the program cannot be assembled.
   * @throws {KvmError} When the kernel refuses one of the steps.
   */
  static boot(vm: Vm, program: AsmSource = NOTHING, options: SessionOptions = {}): Session {
    const mode = options.mode ?? defaultMode(program.bitness);
    const slot = vm.vcpus.length;
    const base = slot * WINDOW_SIZE;
    if (mode === "real" && base !== 0) {
      throw new RangeError("Cannot boot a second guest in real mode: it reaches one window only");
    }
    const code = assembleProgram(program, mode, base);
    vm.memory.add({ slot, gpa: base, size: WINDOW_SIZE });
    let vcpu: Vcpu | undefined;
    try {
      writeWindow(vm, mode, base);
      writeProgram(vm.memory, mode, base, code, code);
      vcpu = vm.createVcpu();
      bootVcpu(vcpu, vm, mode, base);
      return witnessed(new Session(vm, vcpu, mode, base, code, options));
    } catch (error) {
      vcpu?.close();
      vm.memory.remove(slot);
      throw error;
    }
  }

  /**
   * Loads another program into the same guest and sets its general registers
   * to the start. Special registers, MSRs and pending events stay as they are.
   *
   * A label `vector_13` in the program takes over the gate of vector 13, and so on.
   *
   * @throws {RangeError} When the program is too long, or its bitness is not the mode's.
   * @throws {SyntaxError} When the program cannot be assembled.
   */
  load(program: AsmSource): void {
    const code = assembleProgram(program, this.mode, this.base);
    this.#complete();
    writeProgram(this.vm.memory, this.mode, this.base, code, this.#program);
    this.#program = code;
    this.restart();
  }

  /**
   * Starts the loaded program again: general registers, report and transcript
   * are as new, and a guest of ring 3 is back there.
   *
   * What the last exit left open completes first, as an unanswered access
   * would: at the next entry it would overwrite the registers.
   *
   * @throws {ExitBudgetError} When that one instruction makes more exits than are allowed.
   */
  restart(): void {
    this.#complete();
    clearReport(this.vm.memory, this.base);
    if (this.mode === "long-user") returnToRing3(this.vcpu);
    resetRegs(this.vcpu, this.mode, this.base);
  }

  #complete(): void {
    completePending(this.vcpu, this.transcript.last, this.#maxExits);
    forgetExits(this);
  }

  /** The loaded program. */
  get program(): Assembly {
    return this.#program;
  }

  /** The address of a label of the program. */
  symbol(label: string): bigint {
    return BigInt(this.#program.symbol(label));
  }

  /**
   * Runs to the next exit, whatever it is.
   *
   * @throws {DeadlineError} When the guest does not exit in time; it says where the guest is.
   * @throws {ExitBudgetError} When the guest has used up its exits; it says where the guest is.
   */
  step(options?: RunOptions): Exit {
    if (this.transcript.count >= this.#maxExits) {
      throw new ExitBudgetError(this.#maxExits, this.vcpu.regs().rip, `\n${this.describe()}`);
    }
    try {
      const exit = this.vcpu.run(
        options === undefined ? this.#runOptions : { ...this.#runOptions, ...options },
      );
      this.transcript.add(exit);
      return exit;
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      throw new DeadlineError(error.deadlineMs, error.rip, `\n${this.describe()}`);
    }
  }

  /**
   * Runs to the next exit, which must be `name`, as {@linkcode Session.step} does.
   *
   * @throws {GuestAssertionError} When it is another one.
   */
  next<N extends ExitName>(name: N, options?: RunOptions): ExitOf<N> {
    const exit = this.step(options);
    if (exit.name === name) return exit as ExitOf<N>;
    throw GuestAssertionError.forExit(this, name, exit);
  }

  /**
   * Runs to the program's end, with `handlers` for the MSR exits on the way,
   * and says what the guest saw.
   *
   * @throws {GuestAssertionError} When an exit comes that is neither the end nor handled.
   */
  finish(handlers: MsrHandlers = {}): Observation {
    while (true) {
      const exit = this.step();
      const end = this.endOf(exit);
      if (end !== undefined) return end;
      if (exit.name === "X86_RDMSR" && handlers.onRdmsr !== undefined) handlers.onRdmsr(exit);
      else if (exit.name === "X86_WRMSR" && handlers.onWrmsr !== undefined) handlers.onWrmsr(exit);
      else throw GuestAssertionError.forExit(this, "the end of the program", exit);
    }
  }

  /** What the guest saw, when `exit` is its end: by `finish` or by a fault. */
  endOf(exit: Exit): Observation | undefined {
    if (exit.name !== "IO" || exit.direction !== "out") return undefined;
    if (exit.port !== PORT.finish && exit.port !== PORT.fault) return undefined;
    return readReport(this.vm.memory, this.base, exit.port === PORT.fault);
  }

  /**
   * Performs `accesses` with the list walker, as few runs as the exits allow,
   * and returns what the guest observed of each and which exit it made.
   *
   * @throws {RangeError} When the guest is not in 64-bit mode in ring 0.
   * @throws {GuestAssertionError} When an exit comes that no handler answers,
   * or the guest takes another fault than #GP.
   */
  walk(accesses: readonly MsrAccess[], handlers: MsrHandlers = {}): WalkedAccess[] {
    if (this.mode !== "long") {
      throw new RangeError(`Cannot walk a list in ${this.mode} mode: the walker is 64-bit ring 0`);
    }
    const walked: WalkedAccess[][] = [];
    this.load(walker);
    // To know at an exit which access made it, without an ioctl.
    using _ = this.vcpu.syncRegs.requestAlso("regs");
    for (let start = 0; start < accesses.length; start += WALK_CAPACITY) {
      walked.push(this.#walkOnce(accesses.slice(start, start + WALK_CAPACITY), handlers));
    }
    return walked.flat();
  }

  #walkOnce(accesses: readonly MsrAccess[], handlers: MsrHandlers): WalkedAccess[] {
    const { memory } = this.vm;
    writeAccesses(memory, this.base, this.#program, accesses);
    this.restart();
    const exits = new Array<WalkedAccess["exit"]>(accesses.length).fill(undefined);
    const noting = <E extends RdmsrExit | WrmsrExit>(handle: (exit: E) => void) => (exit: E) => {
      const at = accessAtHand(this.base, this.vcpu.syncRegs.general("rsi"));
      if (exits[at] !== undefined) {
        throw GuestAssertionError.forExit(this, "one exit an access", exit);
      }
      exits[at] = exit;
      handle(exit);
    };
    const { fault, regs } = this.finish({
      ...(handlers.onRdmsr && { onRdmsr: noting(handlers.onRdmsr) }),
      ...(handlers.onWrmsr && { onWrmsr: noting(handlers.onWrmsr) }),
    });
    if (fault !== undefined) {
      throw new GuestAssertionError(this, "the end of the walk", formatFault(fault));
    }
    const reached = accessAtHand(this.base, regs.rsi);
    if (reached !== accesses.length) {
      throw new GuestAssertionError(this, `${accesses.length} accesses`, `${reached}`);
    }
    return readOutcomes(memory, this.base, accesses, exits);
  }

  /** The state of the guest for a failure message: code around RIP, registers, exits so far. */
  describe(): string {
    return describeGuest(this);
  }
}
