/**
 * A sweep, step by step: reads, writes, single bits, the filter, and what is
 * passed through.
 *
 * @module
 */
import type { Kvm } from "../../kvm/kvm.ts";
import { MsrFilter } from "../../kvm/msr_filter.ts";
import {
  ALL_BITS,
  bitOutcomes,
  bitWrites,
  permissionOf,
  plainOutcomes,
  plainWrites,
  read,
  SAMPLED_BITS,
  silentBitOutcomes,
  write,
} from "./accesses.ts";
import { type Report, SweepGuest } from "./guest.ts";
import { apicNote, x2apicObstacle } from "./local_apic.ts";
import { outcomeOf } from "./outcome.ts";
import { measurePassThrough } from "./passthrough.ts";
import { bitsText, maskText, type MsrRecord } from "./record.ts";
import { partOfSweep, type SweepStep } from "./steps.ts";
import { hex } from "./windows.ts";

/** How a sweep goes about it. */
export interface SweepOptions {
  /** Whether dangerous writes are made too, for which a sandbox is the place; default false. */
  readonly dangerous?: boolean;
  /**
   * Whether each of the 64 bits is written to MSRs too of which KVM knows neither the read nor
   * the write of 0. By default these get the bits 0, 31, 32 and 63 alone, and the rest when one
   * of the four is taken.
   */
  readonly allBits?: boolean;
  /** Told again and again which step is at work, and which part of the sweep is done, 0 to 1. */
  readonly report?: (step: SweepStep, part: number) => void;
}

/** What a sweep found. */
export interface MsrSweep {
  /** What is known of each MSR, in the order of the indices. */
  readonly records: ReadonlyMap<number, MsrRecord>;
  /** What could not be found out, and why. */
  readonly notes: readonly string[];
}

type Changes = ReadonlyMap<number, Partial<MsrRecord>>;

/** One sweep at work. */
class Sweep {
  readonly #kvm: Kvm;
  readonly #options: SweepOptions;
  readonly #records: Map<number, MsrRecord>;

  constructor(kvm: Kvm, indices: readonly number[], options: SweepOptions) {
    this.#kvm = kvm;
    this.#options = options;
    this.#records = new Map(indices.map((index) => [index, { read: "ended" }]));
  }

  run(): MsrSweep {
    using guest = new SweepGuest(this.#kvm, { reasons: ["unknown", "inval"] });
    this.#reads(guest);
    this.#note(this.#reread(guest, "reads again", "volatile"));
    this.#writes(guest);
    this.#bitsOfUnknown();
    this.#bits(guest);
    this.#note(this.#reread(guest, "what stayed", "unrestored"));
    this.#filtered();
    const { passedThrough, note } = measurePassThrough(
      this.#kvm,
      this.#records,
      this.#step("exits counted"),
    );
    this.#note(passedThrough);
    const notes = [apicNote(x2apicObstacle(this.#kvm)), this.#sampled(), note];
    return { records: this.#records, notes: notes.filter((note) => note !== undefined) };
  }

  #step(step: SweepStep): Report {
    const { report, allBits = false } = this.#options;
    return (done, total) => report?.(step, partOfSweep(step, { done, total, allBits }));
  }

  /** What to say of MSRs that got a few bits only. */
  #sampled(): string | undefined {
    const few = maskText(SAMPLED_BITS)!;
    return this.#those(({ bits }) => bits?.tried === few).length === 0
      ? undefined
      : "MSRs of which KVM knows neither the read nor the write of 0 were tried with no single " +
        `bits but ${bitsText(few)}; it refused these`;
  }

  #note(changes: Changes): void {
    for (const [index, change] of changes) {
      this.#records.set(index, { ...this.#records.get(index)!, ...change });
    }
  }

  #those(wanted: (record: MsrRecord) => boolean): [number, MsrRecord][] {
    return [...this.#records].filter(([, record]) => wanted(record));
  }

  #reads(guest: SweepGuest): void {
    const indices = [...this.#records.keys()];
    const answers = guest.ask(
      indices.map((index) => [read(index)]),
      this.#step("reads"),
    );
    this.#note(
      new Map(indices.map((index, i) => {
        const walked = answers[i]?.[0];
        const value = walked?.value;
        return [index, {
          read: outcomeOf(walked),
          ...(value !== undefined && { value: hex(value) }),
        }];
      })),
    );
  }

  /** Marks the MSRs that now read as something else. */
  #reread(guest: SweepGuest, step: SweepStep, mark: "volatile" | "unrestored"): Changes {
    const readable = this.#those(({ value, volatile }) =>
      value !== undefined && volatile === undefined
    );
    const answers = guest.ask(
      readable.map(([index]) => [read(index)]),
      this.#step(step),
    );
    const moved = readable.filter(([, { value }], i) => {
      const now = answers[i]?.[0]?.value;
      return now !== undefined && hex(now) !== value;
    });
    return new Map(moved.map(([index]) => [index, { [mark]: true }]));
  }

  #permission(index: number, record: MsrRecord): ReturnType<typeof permissionOf> {
    return permissionOf(index, record, this.#options.dangerous ?? false);
  }

  #writes(guest: SweepGuest): void {
    const plans = [...this.#records].map(([index, record]) => {
      const { permission, why } = this.#permission(index, record);
      return { index, record, permission, why, accesses: plainWrites(index, record, permission) };
    });
    const answers = guest.ask(plans.map(({ accesses }) => accesses), this.#step("writes"));
    this.#note(
      new Map(plans.map(({ index, record, permission, why }, i) => [index, {
        ...plainOutcomes(record, permission, answers[i]),
        ...(why !== undefined && { leftOut: why }),
      }])),
    );
  }

  #needsAllBits(index: number, record: MsrRecord): boolean {
    const { read, writeZero } = record;
    if (this.#permission(index, record).permission !== "anything") return false;
    return (read !== "unknown" || writeZero !== "unknown") && writeZero !== "ended";
  }

  /** With the exits off, a refused write costs a third: KVM injects the #GP by itself. */
  #bitsOfUnknown(): void {
    using guest = new SweepGuest(this.#kvm, { reasons: [] });
    const unknown = this.#those(({ read, writeZero }) =>
      read === "unknown" && writeZero === "unknown"
    );
    const bits = this.#options.allBits ? ALL_BITS : SAMPLED_BITS;
    const answers = guest.ask(
      unknown.map(([index, record]) => bits.flatMap((bit) => bitWrites(index, record, bit))),
      this.#step("bits of unknown MSRs"),
    );
    this.#note(
      new Map(unknown.flatMap(([index], i) => {
        const walked = answers[i];
        const found = walked === undefined ? undefined : silentBitOutcomes(bits, walked);
        return found === undefined ? [] : [[index, { bits: found }]];
      })),
    );
  }

  #bits(guest: SweepGuest): void {
    const left = [...this.#records].filter(([index, record]) =>
      this.#needsAllBits(index, record) ||
      // Unknown, and yet a sampled bit was taken, or ended the guest.
      (record.writeZero === "unknown" && record.bits === undefined)
    );
    const answers = guest.ask(
      left.flatMap(([index, record]) => ALL_BITS.map((bit) => bitWrites(index, record, bit))),
      this.#step("single bits"),
    );
    this.#note(
      new Map(left.map(([index, record], i) => {
        const own = answers.slice(i * ALL_BITS.length, (i + 1) * ALL_BITS.length);
        return [index, { bits: bitOutcomes(record, ALL_BITS, own) }];
      })),
    );
  }

  #filtered(): void {
    using guest = new SweepGuest(this.#kvm, { reasons: ["filter"], filter: MsrFilter.DENY_ALL });
    const plans = [...this.#records].map(([index, record]) => {
      const accesses = [read(index)];
      // A write that the filter should let pass must do no harm.
      if (this.#permission(index, record).permission !== "nothing") {
        accesses.push(write(index, BigInt(record.value ?? 0)));
      }
      return { index, accesses };
    });
    const answers = guest.ask(plans.map(({ accesses }) => accesses), this.#step("filter"));
    this.#note(
      new Map(plans.map(({ index, accesses }, i) => {
        const denied = (at: number): boolean =>
          answers[i]?.[at]?.exit?.reasons.includes("filter") ?? false;
        const filterable = { read: denied(0), ...(accesses.length > 1 && { write: denied(1) }) };
        return [index, { filterable }];
      })),
    );
  }
}

/**
 * Asks a KVM what reads and writes of each MSR give, whether a filter can deny
 * them, and whether they make an exit at all. It makes VMs of its own, restores
 * what it wrote, and leaves out writes that could harm more than its guests.
 *
 * @param indices The MSRs, each once.
 * @throws {KvmError} When the kernel refuses to make a guest.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm, Msr } from "@trapline/trapline";
 * import { kindOf, sweepMsrs } from "@trapline/trapline/sweep";
 *
 * using kvm = Kvm.open();
 * const { records } = sweepMsrs(kvm, [Msr.IA32_SYSENTER_CS, Msr.X2APIC_TPR]);
 * const sysenter = records.get(Msr.IA32_SYSENTER_CS)!;
 * assertEquals(kindOf(sysenter), "read-write");
 * assertEquals(sysenter.filterable, { read: true, write: true });
 * // No filter governs the x2APIC's MSRs.
 * assertEquals(records.get(Msr.X2APIC_TPR)!.filterable, { read: false, write: false });
 * ```
 */
export function sweepMsrs(
  kvm: Kvm,
  indices: readonly number[],
  options: SweepOptions = {},
): MsrSweep {
  return new Sweep(kvm, indices, options).run();
}
