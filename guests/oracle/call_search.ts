/**
 * The search through raw calls: each is made, its errno compared, and what is
 * in force after it is asked of a guest.
 *
 * @module
 */
import { CAP } from "../../kvm/abi/cap.ts";
import { type ErrnoName, errnoName } from "../../kvm/abi/errno.ts";
import { IOCTL } from "../../kvm/abi/ioctls.ts";
import { encodeRawEnableCap } from "../../kvm/enable_cap.ts";
import type { RawResult } from "../../kvm/handle.ts";
import { HostMemory } from "../../kvm/host_memory.ts";
import type { Kvm } from "../../kvm/kvm.ts";
import { MSR_EXIT_REASONS, type MsrExitReason } from "../../kvm/msr_exit_reason.ts";
import {
  type EncodedMsrFilter,
  encodeRawMsrFilter,
  MAX_MSRS_PER_RANGE,
  type RawMsrFilter,
  type RawMsrRange,
} from "../../kvm/msr_filter.ts";
import type { Vm } from "../../kvm/vm.ts";
import type { MsrAccess } from "../walker.ts";
import { type Disagreement, type FilterTrial, formatDisagreement } from "./disagreement.ts";
import { randomSource } from "./random.ts";
import { KERNEL_ADDRESS, placed } from "./raw_argument.ts";
import { type CheckOrder, expectRefusal, type RawCall, type RawSlot } from "./refusals.ts";
import { FilterSearch } from "./search.ts";

type FilterCall = Extract<RawCall, { name: "X86_SET_MSR_FILTER" }>;

/** Bytes that the bitmaps at the end of a mapping have in front of that end. */
export const PAGE_SIZE = 4096;
/** Accesses after each call: enough to tell one filter from another. */
const ACCESSES = 192;
/** The bytes of a readable bitmap; the seed to which searches shrink, 0, gives zeros. */
export function bitmapOf({ nmsrs, seed }: RawSlot): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(nmsrs / 64) * 8);
  if (seed === 0) return bytes;
  const random = randomSource(seed);
  return bytes.map(() => random() >>> 24);
}

/** How far in front of the end of a mapping a bitmap begins of which one byte is missing, less one. */
export function cutLength({ nmsrs }: RawSlot): number {
  return Math.min(Math.ceil(nmsrs / 64) * 8, PAGE_SIZE);
}

/** How a {@linkcode CallSearch} goes about it. */
export interface CallSearchOptions {
  /** In which order this kernel checks a slot. */
  readonly order: CheckOrder;
  /** Accesses that are left out, because the host is known to deviate there; none by default. */
  readonly except?: (access: MsrAccess) => boolean;
}

/** A disagreement about a call itself. */
export interface CallDisagreement {
  /** The calls up to the one in question, which is the last. */
  readonly calls: readonly RawCall[];
  /** With what each of them must fail; `undefined` where it must succeed. */
  readonly wanted: readonly (ErrnoName | undefined)[];
  /** What was wanted and what was got, in words. */
  readonly problem: string;
  /** The access after the last call, when the call was taken as it must be. */
  readonly access: Disagreement | undefined;
}

/**
 * Makes raw calls one after the other on one VM, and knows what must be in force.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 * import { CallSearch, type RawCall } from "@trapline/trapline/oracle";
 *
 * using kvm = Kvm.open();
 * using search = new CallSearch(kvm, { order: { bitmapFirst: false } });
 * const calls: RawCall[] = [
 *   { name: "X86_SET_MSR_FILTER", flags: 0, slots: [] },
 *   { name: "X86_SET_MSR_FILTER", flags: 2, slots: [] }, // No such flag: EINVAL.
 * ];
 * assertEquals(search.compare(calls, 1), undefined);
 * ```
 */
export class CallSearch implements Disposable {
  readonly #search: FilterSearch;
  readonly #order: CheckOrder;
  readonly #page: HostMemory;
  readonly #argument: HostMemory;
  /** What the addresses of the last call point to. */
  #held: EncodedMsrFilter | undefined;
  #filter: RawMsrFilter = { flags: 0, ranges: [] };
  #reasons: readonly MsrExitReason[] = [];

  /**
   * Makes the VMs.
   *
   * @throws {KvmError} When the kernel refuses one of the steps.
   */
  constructor(kvm: Kvm, options: CallSearchOptions) {
    const { order, except } = options;
    this.#order = order;
    this.#page = HostMemory.allocate(PAGE_SIZE);
    this.#argument = HostMemory.allocate(PAGE_SIZE);
    try {
      this.#search = new FilterSearch(kvm, { accesses: ACCESSES, ...(except && { except }) });
    } catch (error) {
      this.#page.close();
      this.#argument.close();
      throw error;
    }
  }

  /** The VM that the calls are made on. */
  get vm(): Vm {
    return this.#search.vm;
  }

  /** How many accesses were compared so far. */
  get compared(): number {
    return this.#search.compared;
  }

  /** Makes `calls` in turn and gives the first disagreement. */
  compare(calls: readonly RawCall[], seed: number): CallDisagreement | undefined {
    for (const [i, call] of calls.entries()) {
      const found = this.#about(calls.slice(0, i + 1), this.#callProblem(call)) ??
        this.#about(
          calls.slice(0, i + 1),
          this.#search.compareInForce(this.#trial(seed + i, seed)),
        );
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Makes `calls` in turn, and after the last just these accesses, if there are any. */
  compareWalk(
    calls: readonly RawCall[],
    accesses: readonly MsrAccess[],
  ): CallDisagreement | undefined {
    for (const [i, call] of calls.entries()) {
      const found = this.#about(calls.slice(0, i + 1), this.#callProblem(call));
      if (found !== undefined) return found;
    }
    if (accesses.length === 0) return undefined;
    return this.#about(calls, this.#search.compareWalkInForce(this.#trial(0, 0), accesses));
  }

  #about(
    calls: readonly RawCall[],
    found: string | Disagreement | undefined,
  ): CallDisagreement | undefined {
    if (found === undefined) return undefined;
    const wanted = calls.map((call) => expectRefusal(call, this.#order));
    return typeof found === "string" ? { calls, wanted, problem: found, access: undefined } : {
      calls,
      wanted,
      problem: `after the call: ${formatDisagreement(found)}`,
      access: found,
    };
  }

  #callProblem(call: RawCall): string | undefined {
    const wanted = expectRefusal(call, this.#order);
    const { result, errno } = call.name === "ENABLE_CAP" ? this.#enable(call) : this.#set(call);
    const got = result === 0 ? undefined : errnoName(errno);
    if (got !== wanted) return `wanted ${wanted ?? "success"}, got ${got ?? "success"}`;
    if (wanted === undefined) this.#note(call);
    return undefined;
  }

  #trial(seed: number, elsewhere: number): FilterTrial {
    return {
      filter: this.#filter,
      reasons: this.#reasons,
      forcedEmulation: false,
      seed: seed >>> 0,
      elsewhere,
    };
  }

  #enable(call: Extract<RawCall, { name: "ENABLE_CAP" }>): RawResult {
    const { flags, args } = call;
    const bytes = encodeRawEnableCap({ cap: CAP.X86_USER_SPACE_MSR, flags, args });
    return this.#search.vm.raw(IOCTL.ENABLE_CAP, placed(call, bytes, this.#argument));
  }

  #set(call: FilterCall): RawResult {
    const { flags, slots } = call;
    const ranges = slots.map((slot): RawMsrRange => {
      const { flags, nmsrs, base } = slot;
      return { flags, nmsrs, base, bitmap: this.#bitmap(slot) };
    });
    this.#held = encodeRawMsrFilter({ flags, ranges });
    const argument = placed(call, this.#held.bytes, this.#argument);
    return this.#search.vm.raw(IOCTL.X86_SET_MSR_FILTER, argument);
  }

  #bitmap(slot: RawSlot): bigint | Uint8Array {
    switch (slot.place) {
      case "readable":
        // A length that the kernel must refuse has no bitmap to be read.
        return slot.nmsrs > MAX_MSRS_PER_RANGE ? this.#page.address : bitmapOf(slot);
      case "null":
        return 0n;
      case "unmapped":
        return this.#page.end;
      case "kernel":
        return KERNEL_ADDRESS;
      case "cut":
        return this.#page.end - BigInt(cutLength(slot)) + 1n;
    }
  }

  #note(call: RawCall): void {
    if (call.name === "ENABLE_CAP") {
      const [mask = 0n] = call.args;
      this.#reasons = MSR_EXIT_REASONS.filter((_, bit) => (mask >> BigInt(bit) & 1n) === 1n);
      return;
    }
    const ranges = call.slots.map((slot) => ({ ...slot, bitmap: bitmapOf(slot) }));
    this.#filter = { flags: call.flags, ranges };
  }

  /** Closes the VMs. */
  close(): void {
    this.#search.close();
    this.#page.close();
    this.#argument.close();
  }

  /** Closes the VMs. */
  [Symbol.dispose](): void {
    this.close();
  }
}
