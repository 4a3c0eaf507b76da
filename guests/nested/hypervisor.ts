/**
 * A guest that is a hypervisor itself (L1), and the guest that it runs (L2).
 *
 * @module
 */
import type { Exit } from "../../kvm/exit.ts";
import type { MsrAccessKind } from "../../kvm/msr_filter.ts";
import type { Vm } from "../../kvm/vm.ts";
import { asm64, type Assembly } from "../asm/mod.ts";
import { GuestAssertionError } from "../assertion_error.ts";
import { formatFault } from "../observation.ts";
import { Session } from "../session.ts";
import type { MsrAccess } from "../walker.ts";
import { L1Memory } from "./l1_memory.ts";
import { NESTED_PORT } from "./layout.ts";

/**
 * L1, of either vendor. It gives L2 its own registers, page tables and
 * descriptors, leaves it everything but the MSR accesses that it was told to
 * intercept, and answers those itself.
 *
 * After {@linkcode Hypervisor.enter} the vCPU is in L2, and so is the
 * session: each program that it loads then, and each walk, runs in L2.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bootHypervisor, type Hypervisor, Kvm, Msr, nestedKind } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * if (nestedKind(vm) !== undefined) {
 *   const l1: Hypervisor = bootHypervisor(vm);
 *   l1.intercept(Msr.STAR, "read");
 *   l1.answerReads(42n);
 *   l1.enter();
 *   const [read] = l1.session.walk([{ kind: "read", index: Msr.STAR }]);
 *   assertEquals(read?.value, 42n);
 * }
 * ```
 */
export abstract class Hypervisor {
  /** The guest: L1 before `enter()` and after `leave()`, L2 between. */
  readonly session: Session;
  readonly #memory: L1Memory;

  /** Boots L1 on a new vCPU of `vm`. */
  protected constructor(vm: Vm) {
    this.session = Session.boot(vm, asm64`jmp finish`);
    this.#memory = new L1Memory(this.session);
    this.#memory.clearLog();
  }

  /** L1's code. */
  protected abstract readonly code: Assembly;

  /**
   * Makes L1 intercept accesses of L2 to the MSR `index`, or leave them alone
   * again. It has effect from the next `enter()` on.
   */
  abstract intercept(index: number, kind: MsrAccessKind, on?: boolean): void;

  /** Where L1 will run L2 from at the next entry. */
  protected abstract setL2Rip(rip: bigint): void;

  /** The last VM exit that L1 took, in words. */
  protected abstract describeExit(): string;

  /** Whether L1 saw L2's hypercall. */
  protected abstract isHypercall(): boolean;

  /** Sets what L1 answers to each RDMSR that it intercepts. */
  answerReads(value: bigint): void {
    this.#memory.setCell("answer", value);
  }

  /** The accesses that L1 has intercepted so far, which it then forgets. */
  takeIntercepted(): MsrAccess[] {
    const log = this.#memory.readLog();
    this.#memory.clearLog();
    return log;
  }

  /** Runs L1, or L2, from `label` of L1's code to the next exit, whatever it is. */
  #stepFrom(label: string): Exit {
    const { session } = this;
    session.restart();
    session.vcpu.setRegs({
      rip: BigInt(this.code.symbol(label)),
      rsp: BigInt(this.#memory.at("stackTop")),
      rflags: 2n,
    });
    return session.step();
  }

  /**
   * Lets L1 enter L2 by way of `label` of its code, and returns the port
   * through which it, or L2, says where it is.
   */
  protected enterFrom(label: string): number {
    this.setL2Rip(BigInt(this.code.symbol("l2_start")));
    return this.#portOf(this.#stepFrom(label), "L1 to enter L2");
  }

  #portOf(exit: Exit, wanted: string): number {
    if (exit.name !== "IO") throw GuestAssertionError.forExit(this.session, wanted, exit);
    const fault = this.session.endOf(exit)?.fault;
    if (fault === undefined) return exit.port;
    throw new GuestAssertionError(this.session, wanted, `in L1 or L2 ${formatFault(fault)}`);
  }

  /**
   * Lets L1 enter L2. What the guest does after that it does in L2, until `leave()`.
   *
   * @throws {GuestAssertionError} When L1 does not come to run L2.
   */
  enter(): void {
    if (this.enterFrom("enter") === NESTED_PORT.entered) return;
    throw new GuestAssertionError(this.session, "L1 to enter L2", this.describeExit());
  }

  /**
   * Lets L2 make a hypercall, and returns the next exit to user space,
   * whatever it is: where a VM exit can end the guest.
   */
  tryLeave(): Exit {
    return this.#stepFrom("l2_leave");
  }

  /**
   * Lets L2 make a hypercall, at which L1 stops it. What the guest does after
   * that it does in L1, until `enter()`.
   *
   * @throws {GuestAssertionError} When L1 sees another VM exit, or none
   * because the guest is not in L2.
   */
  leave(): void {
    const wanted = "a hypercall of L2 in L1";
    const port = this.#portOf(this.tryLeave(), wanted);
    if (port === NESTED_PORT.exited && this.isHypercall()) return;
    throw new GuestAssertionError(this.session, wanted, this.describeExit());
  }
}
