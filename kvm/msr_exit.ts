/**
 * The exits of an MSR access and their answers (api.rst section 5,
 * `KVM_EXIT_X86_RDMSR` and `KVM_EXIT_X86_WRMSR`).
 *
 * @module
 */
import { EXIT_REASON } from "./abi/exit_reason.ts";
import { KVM_RUN } from "./abi/kvm_run.ts";
import { formatMsr } from "./abi/msr.ts";
import { msrExitReasonNames } from "./msr_exit_reason.ts";
import type { RunPage } from "./run_page.ts";

const ERROR = KVM_RUN.fields["msr.error"].offset;
const REASON = KVM_RUN.fields["msr.reason"].offset;
const INDEX = KVM_RUN.fields["msr.index"].offset;
const DATA = KVM_RUN.fields["msr.data"].offset;

/** What user space said to an MSR exit. */
export type MsrAnswer =
  | { readonly kind: "value"; readonly value: bigint }
  | { readonly kind: "acknowledge" }
  | { readonly kind: "refuse"; readonly error: number };

function checkError(error: number): void {
  if (!Number.isInteger(error) || error < 1 || error > 255) {
    throw new RangeError(`Cannot refuse with error ${error}: the byte must be 1 to 255`);
  }
}

/**
 * What the two MSR exits have in common.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { guest, Kvm, type MsrExit, MsrFilter, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.enableUserSpaceMsr(["filter"]);
 * vm.setMsrFilter(MsrFilter.DENY_ALL);
 * const session = Session.boot(vm, guest.rdmsr(0x10));
 * const exit: MsrExit = session.next("X86_RDMSR");
 * exit.refuse();
 * assertEquals([exit.index, exit.reasons, exit.answer], [0x10, ["filter"], { kind: "refuse", error: 1 }]);
 * ```
 */
export abstract class MsrExit {
  /** The MSR index that the guest named in ECX. */
  readonly index: number;
  /** Why the access came here; bits without a name are kept as one hexadecimal number. */
  readonly reasons: readonly string[];
  /** `kvm_run.msr.reason` as it is. */
  readonly reasonMask: number;
  /** `kvm_run.msr.data`: what the guest writes; for a read, what the kernel left there. */
  readonly data: bigint;
  readonly #page: RunPage;
  readonly #entry: number;
  #answer: MsrAnswer | undefined;

  /** Decodes the exit that `page` holds. */
  constructor(page: RunPage) {
    const view = page.view;
    this.index = view.getUint32(INDEX, true);
    this.reasonMask = view.getUint32(REASON, true);
    this.reasons = msrExitReasonNames(this.reasonMask);
    this.data = view.getBigUint64(DATA, true);
    this.#page = page;
    this.#entry = page.entries;
  }

  /** The answer given so far. */
  get answer(): MsrAnswer | undefined {
    return this.#answer;
  }

  /**
   * Refuses the access: the guest takes a #GP when the vCPU runs again.
   *
   * @param error The byte for `kvm_run.msr.error`, 1 to 255.
   * @throws {RangeError} When `error` is not a byte other than zero.
   * @throws {Error} When the vCPU has been entered since.
   */
  refuse(error = 1): void {
    checkError(error);
    this.give({ kind: "refuse", error });
  }

  /** Writes `answer` where the kernel looks for it. */
  protected give(answer: MsrAnswer): void {
    this.#page.assertStill(this.#entry, "answer the MSR exit");
    const view = this.#page.view;
    view.setUint8(ERROR, answer.kind === "refuse" ? answer.error : 0);
    if (answer.kind === "value") view.setBigUint64(DATA, answer.value, true);
    this.#answer = answer;
  }
}

/**
 * `KVM_EXIT_X86_RDMSR` (29): the guest reads an MSR and waits for its value.
 *
 * Answer with {@linkcode RdmsrExit.supply} or `refuse()` before the vCPU runs
 * again; without an answer the guest reads what `data` holds, zero.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { guest, Kvm, MsrFilter, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.enableUserSpaceMsr(["filter"]);
 * vm.setMsrFilter(MsrFilter.DENY_ALL);
 * const session = Session.boot(vm, guest.rdmsr(0x10));
 * session.next("X86_RDMSR").supply(42n);
 * assertEquals(session.finish().value, 42n);
 * ```
 */
export class RdmsrExit extends MsrExit {
  /** The exit reason's name. */
  readonly name = "X86_RDMSR" as const;
  /** The exit reason's number. */
  readonly number: 29 = EXIT_REASON.X86_RDMSR;

  /**
   * Supplies the value that the guest reads in EDX:EAX.
   *
   * @throws {RangeError} When `value` is no unsigned 64-bit value.
   * @throws {Error} When the vCPU has been entered since.
   */
  supply(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) {
      throw new RangeError(`Cannot supply ${value}: an MSR has 64 bits`);
    }
    this.give({ kind: "value", value });
  }

  /** The exit in one line. */
  override toString(): string {
    return `KVM_EXIT_X86_RDMSR (29) ${formatMsr(this.index)} reason ${this.reasons.join("+")}`;
  }
}

/**
 * `KVM_EXIT_X86_WRMSR` (30): the guest writes `data` to an MSR.
 *
 * Answer with {@linkcode WrmsrExit.acknowledge} or `refuse()` before the vCPU
 * runs again.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { guest, Kvm, MsrFilter, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.enableUserSpaceMsr(["filter"]);
 * vm.setMsrFilter(MsrFilter.DENY_ALL);
 * const session = Session.boot(vm, guest.wrmsr(0x174, 0x10n));
 * const exit = session.next("X86_WRMSR");
 * assertEquals(exit.data, 0x10n);
 * exit.acknowledge();
 * assertEquals(session.finish().fault, undefined);
 * ```
 */
export class WrmsrExit extends MsrExit {
  /** The exit reason's name. */
  readonly name = "X86_WRMSR" as const;
  /** The exit reason's number. */
  readonly number: 30 = EXIT_REASON.X86_WRMSR;

  /**
   * Lets the write pass: the guest goes on after the instruction.
   *
   * @throws {Error} When the vCPU has been entered since.
   */
  acknowledge(): void {
    this.give({ kind: "acknowledge" });
  }

  /** The exit in one line. */
  override toString(): string {
    return `KVM_EXIT_X86_WRMSR (30) ${formatMsr(this.index)} data 0x${this.data.toString(16)} ` +
      `reason ${this.reasons.join("+")}`;
  }
}
