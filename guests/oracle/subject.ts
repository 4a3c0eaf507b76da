/**
 * What a search asks: a guest under a filter, its accesses and its ends.
 *
 * @module
 */
import { IOCTL } from "../../kvm/abi/ioctls.ts";
import { DeadlineError, ExitBudgetError, KvmError, MsrRefusedError } from "../../kvm/errors.ts";
import type { Kvm } from "../../kvm/kvm.ts";
import type { MsrAnswer, RdmsrExit, WrmsrExit } from "../../kvm/msr_exit.ts";
import type { MsrExitReason } from "../../kvm/msr_exit_reason.ts";
import { encodeRawMsrFilter, type RawMsrFilter } from "../../kvm/msr_filter.ts";
import type { MsrValue } from "../../kvm/msrs.ts";
import type { Vcpu } from "../../kvm/vcpu.ts";
import type { Vm } from "../../kvm/vm.ts";
import { GuestAssertionError } from "../assertion_error.ts";
import { asm64 } from "../asm/mod.ts";
import { Session } from "../session.ts";
import { accessAtHand, type AccessOutcome, instructionLabel, type MsrAccess } from "../walker.ts";
import { STABLE_MSRS } from "./values.ts";

/** An MSR exit as user space saw it, and what it answered. */
export interface SeenExit {
  readonly name: "X86_RDMSR" | "X86_WRMSR";
  readonly index: number;
  readonly data: bigint;
  readonly reasons: readonly string[];
  readonly answer: MsrAnswer | undefined;
}

/** An access with what the guest and user space saw of it. */
export interface SeenAccess extends AccessOutcome {
  readonly exit: SeenExit | undefined;
}

/** What MSRs hold, by index. */
export type MsrValues = ReadonlyMap<number, bigint>;

/** Says what to answer to an exit. */
export type Answerer = (exit: SeenExit) => MsrAnswer;

/** A guest that makes accesses under a filter. */
export interface Subject {
  /** Puts a filter and exit reasons in force. */
  install(filter: RawMsrFilter, reasons: readonly MsrExitReason[]): void;
  /** Makes the accesses in turn; an error of which {@linkcode endingText} knows ends the guest. */
  walk(accesses: readonly MsrAccess[], answer: Answerer): readonly SeenAccess[];
  /** Which access of the last walk the guest is at. */
  position(): number;
  /** The RIP that a #GP of the access pushes. */
  ripOf(access: MsrAccess): bigint;
  /** Has the {@linkcode STABLE_MSRS} hold what they did at boot, and says what that is. */
  reset(): MsrValues;
  /** What user space reads of the same MSRs. */
  values(): MsrValues;
  /** Gives back what it has. */
  close(): void;
}

/** How a guest ended that did not come to its end; `undefined` for an error of another kind. */
export function endingText(error: unknown): string | undefined {
  if (error instanceof GuestAssertionError) return `${error.got} in place of ${error.wanted}`;
  if (error instanceof DeadlineError) {
    return `no end within ${error.deadlineMs} ms, at RIP 0x${error.rip.toString(16)}`;
  }
  if (error instanceof ExitBudgetError) return `no end within ${error.budget} exits`;
  if (error instanceof KvmError && error.ioctl === IOCTL.RUN.name) {
    return `${error.ioctl} failed with ${error.errnoName}`;
  }
  return undefined;
}

function give(exit: RdmsrExit | WrmsrExit, answer: MsrAnswer): void {
  if (answer.kind === "refuse") exit.refuse(answer.error);
  else if (exit.name === "X86_WRMSR") exit.acknowledge();
  else exit.supply(answer.kind === "value" ? answer.value : 0n);
}

/** What the vCPU holds of the MSRs that its KVM lets user space read and write. */
function standing(vcpu: Vcpu): MsrValues {
  const values = STABLE_MSRS.flatMap((index): MsrValue[] => {
    try {
      const value = vcpu.getMsr(index);
      vcpu.setMsrs([[index, value]]);
      return [[index, value]];
    } catch (error) {
      if (error instanceof MsrRefusedError) return [];
      throw error;
    }
  });
  return new Map(values);
}

/** A guest of its own on a KVM. */
export class GuestSubject implements Subject {
  /** The VM, without a filter at first. */
  readonly vm: Vm;
  readonly #session: Session;
  readonly #atBoot: MsrValues;

  /**
   * Makes the VM and boots the guest.
   *
   * @throws {KvmError} When the kernel refuses one of the steps.
   */
  constructor(kvm: Kvm) {
    this.vm = kvm.createVm();
    try {
      this.#session = Session.boot(this.vm, asm64`jmp finish`, { maxExits: Infinity });
      this.#atBoot = standing(this.#session.vcpu);
    } catch (error) {
      this.vm.close();
      throw error;
    }
  }

  /**
   * Puts a filter and exit reasons in force.
   *
   * @throws {KvmError} When the kernel refuses them.
   */
  install(filter: RawMsrFilter, reasons: readonly MsrExitReason[]): void {
    const { bytes } = encodeRawMsrFilter(filter);
    const { result, errno } = this.vm.raw(IOCTL.X86_SET_MSR_FILTER, bytes);
    if (result !== 0) throw new KvmError(IOCTL.X86_SET_MSR_FILTER.name, errno);
    this.vm.enableUserSpaceMsr(reasons);
  }

  /** Makes the accesses in turn, by the list walker. */
  walk(accesses: readonly MsrAccess[], answer: Answerer): readonly SeenAccess[] {
    const handle = (exit: RdmsrExit | WrmsrExit): void => give(exit, answer(exit));
    return this.#session.walk(accesses, { onRdmsr: handle, onWrmsr: handle });
  }

  /** Which access of the last walk the guest is at. */
  position(): number {
    return accessAtHand(this.#session.base, this.#session.vcpu.regs().rsi);
  }

  /** The RIP that a #GP of the access pushes, once there was a walk. */
  ripOf(access: MsrAccess): bigint {
    return this.#session.symbol(instructionLabel(access));
  }

  /** Sets the MSRs as they were at boot: by `KVM_SET_MSRS`, which no filter concerns. */
  reset(): MsrValues {
    this.#session.vcpu.setMsrs([...this.#atBoot]);
    return this.#atBoot;
  }

  /** What `KVM_GET_MSRS` gives of them. */
  values(): MsrValues {
    const indices = [...this.#atBoot.keys()];
    const values = this.#session.vcpu.getMsrs(indices);
    return new Map(indices.map((index, i) => [index, values[i]!]));
  }

  /** Closes the VM. */
  close(): void {
    this.vm.close();
  }
}
