/**
 * A guest that is asked thousands of accesses, and replaced when one of them
 * ends it.
 *
 * @module
 */
import { DeadlineError, ExitBudgetError, KvmError } from "../../kvm/errors.ts";
import type { Kvm } from "../../kvm/kvm.ts";
import type { MsrExitReason } from "../../kvm/msr_exit_reason.ts";
import type { MsrFilter } from "../../kvm/msr_filter.ts";
import type { Vm } from "../../kvm/vm.ts";
import { GuestAssertionError } from "../assertion_error.ts";
import { Session } from "../session.ts";
import type { MsrAccess, WalkedAccess } from "../walker.ts";
import { enterX2apicMode, x2apicObstacle } from "./local_apic.ts";

/** How KVM treats the guest's accesses. */
export interface SweepSetting {
  /** The exit reasons that are enabled. */
  readonly reasons: readonly MsrExitReason[];
  /** The filter; none by default. */
  readonly filter?: MsrFilter;
}

/** Told how many groups of how many are through. */
export type Report = (done: number, total: number) => void;

/** Accesses in one run: enough to be quick, few enough for the progress to move. */
const BATCH = 4096;

/** Whether `error` says that a guest cannot go on, rather than that the sweep is wrong. */
export function isGuestsEnd(error: unknown): boolean {
  return [GuestAssertionError, DeadlineError, ExitBudgetError, KvmError]
    .some((type) => error instanceof type);
}

/** Parts `groups` into batches of about as many accesses as a run takes. */
function batchesOf<T>(groups: readonly (readonly T[])[]): (readonly T[])[][] {
  const batches: (readonly T[])[][] = [];
  let room = 0;
  for (const group of groups) {
    if (group.length > room || batches.length === 0) {
      batches.push([]);
      room = BATCH;
    }
    batches.at(-1)!.push(group);
    room -= group.length;
  }
  return batches;
}

/** The guest. It owns a VM at a time, until it is closed. */
export class SweepGuest implements Disposable {
  readonly #kvm: Kvm;
  readonly #setting: SweepSetting;
  readonly #hasApic: boolean;
  #vm: Vm;
  #session: Session;

  /**
   * Boots the guest.
   *
   * @throws {KvmError} When the kernel refuses one of the steps.
   */
  constructor(kvm: Kvm, setting: SweepSetting) {
    this.#kvm = kvm;
    this.#setting = setting;
    this.#hasApic = x2apicObstacle(kvm) === undefined;
    [this.#vm, this.#session] = this.#boot();
  }

  #boot(): [Vm, Session] {
    const vm = this.#kvm.createVm();
    try {
      if (this.#hasApic) vm.createIrqchip();
      vm.enableUserSpaceMsr(this.#setting.reasons);
      const session = Session.boot(vm, undefined, { maxExits: Infinity });
      if (this.#hasApic) enterX2apicMode(session.vcpu);
      if (this.#setting.filter !== undefined) vm.setMsrFilter(this.#setting.filter);
      return [vm, session];
    } catch (error) {
      vm.close();
      throw error;
    }
  }

  /** Makes another VM in the place of the one that came to its end. */
  replace(): void {
    this.#vm.close();
    [this.#vm, this.#session] = this.#boot();
  }

  /** The guest as it is now. */
  get session(): Session {
    return this.#session;
  }

  /**
   * Makes the accesses of each group, one group after the other, and gives
   * what came of them; `undefined` for a group that ended the guest.
   */
  ask(
    groups: readonly (readonly MsrAccess[])[],
    report: Report = () => {},
  ): (readonly WalkedAccess[] | undefined)[] {
    const answers: (readonly WalkedAccess[] | undefined)[] = [];
    for (const batch of batchesOf(groups)) {
      answers.push(...this.#askOrSplit(batch));
      report(answers.length, groups.length);
    }
    return answers;
  }

  #askOrSplit(
    groups: readonly (readonly MsrAccess[])[],
  ): (readonly WalkedAccess[] | undefined)[] {
    try {
      const walked = this.#session.walk(groups.flat(), {
        onRdmsr: (exit) => exit.refuse(),
        onWrmsr: (exit) => exit.refuse(),
      });
      let at = 0;
      return groups.map(({ length }) => walked.slice(at, at += length));
    } catch (error) {
      if (!isGuestsEnd(error)) throw error;
      this.replace();
      if (groups.length === 1) return [undefined];
      const half = groups.length >> 1;
      return [...this.#askOrSplit(groups.slice(0, half)), ...this.#askOrSplit(groups.slice(half))];
    }
  }

  /** Closes the VM. */
  [Symbol.dispose](): void {
    this.#vm.close();
  }
}
