/**
 * The search: thousands of accesses under one filter after another, and on
 * each what KVM does compared with what the oracle says.
 *
 * @module
 */
import { Msr } from "../../kvm/abi/msr.ts";
import { readHost } from "../../kvm/host.ts";
import type { Kvm } from "../../kvm/kvm.ts";
import type { Vm } from "../../kvm/vm.ts";
import type { MsrAccess } from "../walker.ts";
import { Comparison } from "./comparison.ts";
import type { Disagreement, FilterTrial, MetNature } from "./disagreement.ts";
import { MsrNatures } from "./natures.ts";
import { GuestSubject } from "./subject.ts";
import { isKept } from "./values.ts";

/** Accesses under each filter by default. */
const ACCESSES = 8192;

/** How a {@linkcode FilterSearch} goes about it. */
export interface FilterSearchOptions {
  /** Accesses under each filter, about; default 8192. */
  readonly accesses?: number;
  /** Accesses that are left out, because the host is known to deviate there; none by default. */
  readonly except?: (access: MsrAccess) => boolean;
}

/** What the host says that a search must know. */
function hostTraits(): { readonly ignoresUnknown: boolean; readonly takesAnyPat: boolean } {
  const { modules } = readHost();
  const ignores = modules.find(({ name }) => name === "kvm")?.parameters["ignore_msrs"];
  return {
    ignoresUnknown: ignores === "Y" || ignores === "1",
    takesAnyPat: modules.some(({ name }) => name === "kvm_pvm"),
  };
}

/** Whether the access brings a PAT to a KVM that does not look at it before it uses it. */
function isBadPat({ kind, index, value = 0n }: MsrAccess): boolean {
  return kind === "write" && index === Msr.IA32_PAT && !isKept(index, value);
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
  readonly #comparison: Comparison;
  #guest: GuestSubject | undefined;

  /**
   * Makes the VMs.
   *
   * @throws {KvmError} When the kernel refuses one of the steps.
   */
  constructor(kvm: Kvm, options: FilterSearchOptions = {}) {
    const { accesses = ACCESSES, except = () => false } = options;
    const { ignoresUnknown, takesAnyPat } = hostTraits();
    const natures = new MsrNatures(new GuestSubject(kvm), { ignoresUnknown });
    try {
      this.#comparison = new Comparison({
        boot: () => this.#guest = new GuestSubject(kvm),
        natures,
        accesses,
        except: takesAnyPat ? (access) => isBadPat(access) || except(access) : except,
      });
    } catch (error) {
      natures.close();
      throw error;
    }
  }

  /** The VM that is filtered; another one once a guest has ended in it. */
  get vm(): Vm {
    return this.#guest!.vm;
  }

  /** How many accesses were compared so far. */
  get compared(): number {
    return this.#comparison.compared;
  }

  /** What accesses that were allowed turned out to be so far. */
  get met(): ReadonlySet<MetNature> {
    return this.#comparison.met;
  }

  /**
   * Installs the trial's filter and compares some thousand accesses under it:
   * exit, reason, index and data on the side of user space, value, fault or
   * none on the side of the guest, which must have observed the answer. MSRs
   * that only writes change must hold what the guest read and wrote.
   *
   * A guest that does not come to its end disagrees too, and another one takes its place.
   *
   * @returns The first access on which KVM and the oracle disagree.
   * @throws {KvmError} When the kernel refuses the filter.
   * @throws {NatureError} When KVM does what none without a filter may do.
   */
  compare(trial: FilterTrial): Disagreement | undefined {
    return this.#comparison.compare(trial);
  }

  /**
   * Compares as {@linkcode FilterSearch.compare} does, and installs nothing: the trial's filter and
   * reasons must be in force already.
   *
   * @throws {NatureError} When KVM does what none without a filter may do.
   */
  compareInForce(trial: FilterTrial): Disagreement | undefined {
    return this.#comparison.compareInForce(trial);
  }

  /**
   * Compares just these accesses, in turn, under the trial's filter.
   *
   * @throws {KvmError} When the kernel refuses the filter.
   * @throws {NatureError} When KVM does what none without a filter may do.
   */
  compareWalk(trial: FilterTrial, accesses: readonly MsrAccess[]): Disagreement | undefined {
    return this.#comparison.compareWalk(trial, accesses);
  }

  /**
   * Compares just these accesses, in turn, and installs nothing: the trial's filter and reasons must
   * be in force already.
   *
   * @throws {NatureError} When KVM does what none without a filter may do.
   */
  compareWalkInForce(
    trial: FilterTrial,
    accesses: readonly MsrAccess[],
  ): Disagreement | undefined {
    return this.#comparison.compareWalkInForce(trial, accesses);
  }

  /**
   * Compares a single access under the trial's filter.
   *
   * @throws {KvmError} When the kernel refuses the filter.
   * @throws {NatureError} When KVM does what none without a filter may do.
   */
  compareOne(trial: FilterTrial, access: MsrAccess): Disagreement | undefined {
    return this.compareWalk(trial, [access]);
  }

  /** Closes the VMs. */
  close(): void {
    this.#comparison.close();
  }

  /** Closes the VMs. */
  [Symbol.dispose](): void {
    this.close();
  }
}
