/**
 * The search: a filter is installed, a guest makes thousands of accesses under
 * it, and each is compared with what the oracle says.
 *
 * @module
 */
import { IOCTL } from "../../kvm/abi/ioctls.ts";
import { Msr } from "../../kvm/abi/msr.ts";
import { KvmError } from "../../kvm/errors.ts";
import type { Kvm } from "../../kvm/kvm.ts";
import type { RdmsrExit, WrmsrExit } from "../../kvm/msr_exit.ts";
import type { MsrExitReason } from "../../kvm/msr_exit_reason.ts";
import { encodeRawMsrFilter, type RawMsrFilter } from "../../kvm/msr_filter.ts";
import type { Vm } from "../../kvm/vm.ts";
import { asm64 } from "../asm/mod.ts";
import { Session } from "../session.ts";
import { instructionLabel, type MsrAccess, WALK_CAPACITY, type WalkedAccess } from "../walker.ts";
import { type AccessVerdict, expectVerdict, filterAllows } from "./model.ts";
import { MsrNatures } from "./natures.ts";
import { type Probe, probesOf, type RandomSource, randomSource } from "./probes.ts";

/** One filter to be searched. */
export interface FilterTrial {
  /** The filter; its bitmaps are bytes. */
  readonly filter: RawMsrFilter;
  /** The exit reasons that are enabled. */
  readonly reasons: readonly MsrExitReason[];
  /** Whether KVM's emulator performs the accesses. */
  readonly forcedEmulation: boolean;
  /** Where the random part of the accesses, values and answers starts. */
  readonly seed: number;
  /**
   * Where the indices that may be anywhere start; by default they go on from `seed`. Trials that
   * have it in common ask the same ones: what these come to without a filter is learned once.
   */
  readonly elsewhere?: number;
}

/** An access on which KVM and the oracle disagree. */
export interface Disagreement {
  /** The filter and the circumstances. */
  readonly trial: FilterTrial;
  /** The access. */
  readonly access: MsrAccess;
  /** What the oracle wants. */
  readonly wanted: AccessVerdict;
  /** What was seen, in words. */
  readonly got: string;
}

/** How a {@linkcode FilterSearch} goes about it. */
export interface FilterSearchOptions {
  /** Accesses under each filter, about; default 8192. */
  readonly accesses?: number;
  /** Accesses that are left out, because the host is known to deviate there; none by default. */
  readonly except?: (access: MsrAccess) => boolean;
}

/** What is written to an MSR that does not take 0 without harm to the guest. */
const SAFE_VALUES: ReadonlyMap<number, bigint> = new Map([
  [Msr.IA32_PAT, 0x0007_0406_0007_0406n],
]);

function randomValue(random: RandomSource): bigint {
  return BigInt(random()) << 32n | BigInt(random());
}

function describe({ access, exit, value, fault }: WalkedAccess): string {
  const outcome = fault !== undefined
    ? `#GP error code ${fault.errorCode} at RIP 0x${fault.rip.toString(16)}`
    : access.kind === "read"
    ? `value 0x${value!.toString(16)}`
    : "no fault";
  return `${
    exit === undefined ? "no exit" : `${exit}, data 0x${exit.data.toString(16)}`
  }, ${outcome}`;
}

function exitIsAs({ access, exit }: WalkedAccess, reason: MsrExitReason): boolean {
  const data = access.kind === "write" ? access.value ?? 0n : 0n;
  const name = access.kind === "write" ? "X86_WRMSR" : "X86_RDMSR";
  return exit?.name === name && exit.index === access.index && exit.data === data &&
    exit.reasons.length === 1 && exit.reasons[0] === reason;
}

function isGp(session: Session, { access, fault }: WalkedAccess): boolean {
  return fault?.errorCode === 0 && fault.rip === session.symbol(instructionLabel(access));
}

function answerWasObserved(session: Session, walked: WalkedAccess): boolean {
  const { exit, value, fault } = walked;
  switch (exit?.answer?.kind) {
    case "refuse":
      return isGp(session, walked);
    case "value":
      return fault === undefined && value === exit.answer.value;
    default:
      return fault === undefined;
  }
}

function agrees(session: Session, walked: WalkedAccess, wanted: AccessVerdict): boolean {
  switch (wanted) {
    case "completes":
      return walked.exit === undefined && walked.fault === undefined;
    case "gp":
      return walked.exit === undefined && isGp(session, walked);
    default:
      return exitIsAs(walked, wanted) && answerWasObserved(session, walked);
  }
}

/**
 * Compares KVM with the oracle, filter by filter. It owns two VMs, one to
 * filter and one without a filter, until it is closed.
 *
 * @example Usage
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 * import { FilterSearch } from "@trapline/trapline/oracle";
 *
 * using kvm = Kvm.open();
 * using search = new FilterSearch(kvm, { accesses: 512 });
 * const filter = { flags: 0, ranges: [{ flags: 1, nmsrs: 64, base: 0x170, bitmap: new Uint8Array(8) }] };
 * const found = search.compare({ filter, reasons: ["filter"], forcedEmulation: false, seed: 1 });
 * assertEquals(found, undefined);
 * assert(search.compared >= 512);
 * ```
 */
export class FilterSearch implements Disposable {
  readonly #accesses: number;
  readonly #except: (access: MsrAccess) => boolean;
  readonly #natures: MsrNatures;
  readonly #vm: Vm;
  readonly #session: Session;
  #compared = 0;

  /**
   * Makes the VMs.
   *
   * @throws {KvmError} When the kernel refuses one of the steps.
   */
  constructor(kvm: Kvm, options: FilterSearchOptions = {}) {
    this.#accesses = Math.min(options.accesses ?? 8192, WALK_CAPACITY);
    this.#except = options.except ?? (() => false);
    this.#natures = new MsrNatures(kvm);
    try {
      this.#vm = kvm.createVm();
      this.#session = Session.boot(this.#vm, asm64`jmp finish`, { maxExits: Infinity });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The VM that is filtered. */
  get vm(): Vm {
    return this.#vm;
  }

  /** How many accesses were compared so far. */
  get compared(): number {
    return this.#compared;
  }

  /**
   * Installs the trial's filter and compares some thousand accesses under it:
   * exit, reason, index and data on the side of user space, value, fault or
   * none on the side of the guest, which must have observed the answer.
   *
   * @returns The first access on which KVM and the oracle disagree.
   * @throws {KvmError} When the kernel refuses the filter.
   * @throws {GuestAssertionError} When the guest does not come to its end.
   */
  compare(trial: FilterTrial): Disagreement | undefined {
    this.#install(trial);
    return this.compareInForce(trial);
  }

  /**
   * Compares as {@linkcode FilterSearch.compare} does, and installs nothing: the trial's filter and
   * reasons must be in force already.
   *
   * @throws {GuestAssertionError} When the guest does not come to its end.
   */
  compareInForce(trial: FilterTrial): Disagreement | undefined {
    const random = randomSource(trial.seed);
    const accesses = probesOf(
      trial.filter,
      random,
      this.#accesses,
      trial.elsewhere === undefined ? random : randomSource(trial.elsewhere),
    )
      .map((probe) => this.#accessOf(trial, probe, random))
      .filter((access) => !this.#except(access));
    return this.#compareEach(trial, accesses, random);
  }

  /**
   * Compares a single access under the trial's filter.
   *
   * @throws {KvmError} When the kernel refuses the filter.
   * @throws {GuestAssertionError} When the guest does not come to its end.
   */
  compareOne(trial: FilterTrial, access: MsrAccess): Disagreement | undefined {
    this.#install(trial);
    return this.compareOneInForce(trial, access);
  }

  /**
   * Compares a single access, and installs nothing: the trial's filter and reasons must be in force
   * already.
   *
   * @throws {GuestAssertionError} When the guest does not come to its end.
   */
  compareOneInForce(trial: FilterTrial, access: MsrAccess): Disagreement | undefined {
    return this.#compareEach(trial, [access], randomSource(trial.seed));
  }

  #compareEach(
    trial: FilterTrial,
    accesses: readonly MsrAccess[],
    random: RandomSource,
  ): Disagreement | undefined {
    const wanted = this.#wantedOf(trial, accesses);
    const answer = (exit: RdmsrExit | WrmsrExit): void => {
      const value = randomValue(random);
      if (value % 4n === 0n) exit.refuse();
      else if (exit.name === "X86_WRMSR") exit.acknowledge();
      else exit.supply(value);
    };
    const walked = this.#session.walk(accesses, { onRdmsr: answer, onWrmsr: answer });
    this.#compared += walked.length;
    const at = walked.findIndex((each, i) => !agrees(this.#session, each, wanted[i]!));
    if (at === -1) return undefined;
    return { trial, access: accesses[at]!, wanted: wanted[at]!, got: describe(walked[at]!) };
  }

  #accessOf(
    { filter, forcedEmulation }: FilterTrial,
    { kind, index, gentle }: Probe,
    random: RandomSource,
  ): MsrAccess {
    const access = { kind, index, forcedEmulation };
    if (kind === "read") return access;
    // A write that passes does what it says to the guest; one that is denied must do nothing.
    return gentle || filterAllows(filter, access)
      ? { ...access, value: SAFE_VALUES.get(index) ?? 0n }
      : { ...access, value: randomValue(random) };
  }

  #wantedOf({ filter, reasons }: FilterTrial, accesses: readonly MsrAccess[]): AccessVerdict[] {
    const allowed = accesses.map((access) => filterAllows(filter, access));
    const natures = this.#natures.of(accesses.filter((_, i) => allowed[i]));
    let next = 0;
    return accesses.map((access, i) =>
      // Of a denied access the nature does not matter.
      expectVerdict(filter, reasons, access, allowed[i] ? natures[next++]! : "supported")
    );
  }

  #install({ filter, reasons }: FilterTrial): void {
    const { bytes } = encodeRawMsrFilter(filter);
    const { result, errno } = this.#vm.raw(IOCTL.X86_SET_MSR_FILTER, bytes);
    if (result !== 0) throw new KvmError(IOCTL.X86_SET_MSR_FILTER.name, errno);
    this.#vm.enableUserSpaceMsr(reasons);
  }

  /** Closes the VMs. */
  close(): void {
    this.#vm?.close();
    this.#natures.close();
  }

  /** Closes the VMs. */
  [Symbol.dispose](): void {
    this.close();
  }
}
