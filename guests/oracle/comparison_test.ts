import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Msr } from "../../kvm/abi/msr.ts";
import type { MsrExitReason } from "../../kvm/msr_exit_reason.ts";
import type { RawMsrFilter, RawMsrRange } from "../../kvm/msr_filter.ts";
import { DeadlineError } from "../../kvm/errors.ts";
import { GuestAssertionError } from "../assertion_error.ts";
import type { MsrAccess } from "../walker.ts";
import { Comparison } from "./comparison.ts";
import { type Disagreement, type FilterTrial, formatDisagreement } from "./disagreement.ts";
import { findDisagreement } from "./find.ts";
import { expectVerdict, filterAllows, isX2apic, type MsrNature } from "./model.ts";
import { MsrNatures, NatureError } from "./natures.ts";
import type { Answerer, MsrValues, SeenAccess, Subject } from "./subject.ts";
import { HARMLESS, STABLE_MSRS } from "./values.ts";

/** What a made-up KVM does otherwise than a real one. */
interface Defects {
  /** Decides in place of the model. */
  readonly allows?: (filter: RawMsrFilter, access: MsrAccess) => boolean;
  /** How the guest ends at an access, given those before it. */
  readonly end?: (access: MsrAccess, before: readonly MsrAccess[]) => Error | undefined;
  /** Changes what was seen. */
  readonly seen?: (seen: SeenAccess) => SeenAccess;
  /** Where the guest says that it is, in place of where it is. */
  readonly position?: number;
  /** Whether writes that are denied arrive. */
  readonly writesThrough?: boolean;
}

const KNOWN: ReadonlySet<number> = new Set(Object.values(Msr));

function natureOf({ kind, index, value = 0n }: MsrAccess): MsrNature {
  if (!KNOWN.has(index) || isX2apic(index)) return "unknown";
  const isInvalid = kind === "write" && HARMLESS.get(index)?.invalid.includes(value);
  return isInvalid ? "invalid" : "supported";
}

/** A KVM that is no more than the model, but for its defects. */
class ModelSubject implements Subject {
  #filter: RawMsrFilter = { flags: 0, ranges: [] };
  #reasons: readonly MsrExitReason[] = [];
  #position = 0;
  #hasEnded = false;
  readonly #defects: Defects;
  readonly #values: Map<number, bigint> = new Map();

  constructor(defects: Defects = {}) {
    this.#defects = defects;
  }

  install(filter: RawMsrFilter, reasons: readonly MsrExitReason[]): void {
    this.#filter = filter;
    this.#reasons = reasons;
  }

  walk(accesses: readonly MsrAccess[], answer: Answerer): readonly SeenAccess[] {
    assert(!this.#hasEnded, "this guest has ended");
    const { end, seen = (same) => same } = this.#defects;
    return accesses.map((access, at) => {
      this.#position = at;
      const error = end?.(access, accesses.slice(0, at));
      if (error !== undefined) {
        this.#hasEnded = true;
        throw error;
      }
      return seen(this.#access(access, answer));
    });
  }

  #access(access: MsrAccess, answer: Answerer): SeenAccess {
    const { kind, index, value = 0n } = access;
    const { allows = filterAllows, writesThrough = false } = this.#defects;
    const nature = natureOf(access);
    const filter = { flags: allows(this.#filter, access) ? 0 : 1, ranges: [] };
    const verdict = expectVerdict(filter, this.#reasons, access, nature);
    if (kind === "write" && (verdict === "completes" || writesThrough)) {
      this.#values.set(index, value);
    }
    const read = kind === "read" ? this.#values.get(index) ?? 0n : undefined;
    const fault = { errorCode: 0, rip: this.ripOf() };
    if (verdict === "completes") return { access, value: read, fault: undefined, exit: undefined };
    if (verdict === "gp") return { access, value: undefined, fault, exit: undefined };
    const name = kind === "read" ? "X86_RDMSR" as const : "X86_WRMSR" as const;
    const data = kind === "read" ? 0n : value;
    const exit = { name, index, data, reasons: [verdict], answer: undefined };
    const given = answer(exit);
    const answered = { ...exit, answer: given };
    if (given.kind === "refuse") return { access, value: undefined, fault, exit: answered };
    const supplied = given.kind === "value" ? given.value : undefined;
    return { access, value: supplied, fault: undefined, exit: answered };
  }

  position(): number {
    return this.#defects.position ?? this.#position;
  }

  ripOf(): bigint {
    return 0x1000n;
  }

  reset(): MsrValues {
    for (const index of STABLE_MSRS) this.#values.set(index, 0n);
    return this.values();
  }

  values(): MsrValues {
    return new Map(STABLE_MSRS.map((index) => [index, this.#values.get(index) ?? 0n]));
  }

  close(): void {}
}

function comparisonWith(defects: Defects, unfiltered: Defects = {}): Comparison {
  return new Comparison({
    boot: () => new ModelSubject(defects),
    natures: new MsrNatures(new ModelSubject(unfiltered), { ignoresUnknown: false }),
    accesses: 3000,
    except: () => false,
  });
}

const SEEDS = [1, 2, 3, 0x1234_5678];
const FILTERS = 12;

function find(defects: Defects, seed: number): Disagreement | undefined {
  return findDisagreement(comparisonWith(defects), { seed, filters: FILTERS });
}

/** The model once more, with room for what can go wrong in it. */
function allowsWith(defect: {
  readonly longer?: number;
  readonly takesLast?: boolean;
  readonly swaps?: boolean;
  readonly loses63?: boolean;
}): (filter: RawMsrFilter, access: MsrAccess) => boolean {
  const { longer = 0, takesLast = false, swaps = false, loses63 = false } = defect;
  return (filter, { kind, index }) => {
    if (index >= 0x800 && index <= 0x8ff) return true;
    const flag = (kind === "read") !== swaps ? 1 : 2;
    const governs = ({ flags, base, nmsrs }: RawMsrRange): boolean =>
      (flags & flag) !== 0 && nmsrs > 0 && base + nmsrs + longer < 2 ** 32 &&
      index >= base && index < base + nmsrs + longer;
    const range = takesLast ? filter.ranges.findLast(governs) : filter.ranges.find(governs);
    if (range === undefined) return filter.flags === 0;
    const at = index - range.base;
    if (loses63 && at % 64 === 63) return false;
    return ((range.bitmap as Uint8Array)[at >> 3] ?? 0) >> (at & 7) & 1 ? true : false;
  };
}

Deno.test("findDisagreement() finds none with a KVM that is the model", () => {
  for (const seed of SEEDS) {
    const found = find({ allows: allowsWith({}) }, seed);
    assertEquals(found, undefined, found && formatDisagreement(found));
  }
});

for (
  const [what, defect] of Object.entries({
    "ranges that end one MSR late": { longer: 1 },
    "ranges that end one MSR early": { longer: -1 },
    "the last range that matches in place of the first": { takesLast: true },
    "reads and writes that are swapped": { swaps: true },
    "bit 63 of a bitmap's word that is lost": { loses63: true },
  })
) {
  Deno.test(`findDisagreement() finds ${what}, by few random filters of any seed`, () => {
    for (const seed of SEEDS) {
      const found = find({ allows: allowsWith(defect) }, seed);
      assert(found !== undefined, `not found with seed ${seed}`);
      assertEquals(found.among, undefined);
      assert(found.trial.filter.ranges.length <= 2, formatDisagreement(found));
    }
  });
}

const DEAD = { describe: () => "" };

function isKiller({ kind, index }: MsrAccess): boolean {
  return kind === "write" && index === Msr.IA32_TSC_DEADLINE;
}

Deno.test("findDisagreement() comes down to the access that ends the guest", () => {
  for (
    const [error, got] of [
      [new GuestAssertionError(DEAD, "one exit an access", "KVM_EXIT_X86_RDMSR"), "one exit"],
      [new GuestAssertionError(DEAD, "the end of the walk", "#DF (8)"), "#DF (8)"],
      [new DeadlineError(10, 0x1000n), "no end within 10 ms"],
    ] as const
  ) {
    const found = find({ end: (access) => isKiller(access) ? error : undefined }, 1);
    assert(found !== undefined);
    assertStringIncludes(found.got, "the guest ended: ");
    assertStringIncludes(found.got, got);
    assert(isKiller(found.access));
    assertEquals([found.among, found.trial.filter.ranges.length <= 1], [undefined, true]);
  }
});

Deno.test("compare() finds the access that ends a guest which is no longer where it was", () => {
  const end = (access: MsrAccess): Error | undefined =>
    isKiller(access) ? new DeadlineError(10, 0n) : undefined;
  for (const position of [0, 700, 1_000_000, -1]) {
    const trial = { ...TRIAL, filter: { flags: 1, ranges: TRIAL.filter.ranges } };
    const found = comparisonWith({ end, position }).compare(trial);
    assert(found !== undefined && isKiller(found.access), `${position}`);
    assertEquals(found.among, undefined);
  }
});

Deno.test("findDisagreement() comes down to the accesses that end the guest together", () => {
  const isFirst = ({ kind, index }: MsrAccess): boolean =>
    kind === "read" && index === Msr.IA32_PAT;
  const found = find({
    end: (access, before) =>
      isKiller(access) && before.some(isFirst) ? new DeadlineError(10, 0n) : undefined,
  }, 1);
  assertEquals(found?.among?.map(({ index }) => index), [Msr.IA32_PAT, Msr.IA32_TSC_DEADLINE]);
  assertStringIncludes(formatDisagreement(found!), "after 1 other accesses");
});

Deno.test("findDisagreement() keeps what it found when a smaller trial breaks the search", () => {
  let walks = 0;
  const found = find({
    seen: (seen) => seen.exit === undefined ? seen : { ...seen, fault: undefined, exit: undefined },
    end: (_, before) => {
      if (before.length === 0) walks++;
      // Only the first walks of all go well; whatever shrinks it does not.
      return walks > 40 ? new TypeError("a mistake") : undefined;
    },
  }, 1);
  assert(found !== undefined && walks > 40);
});

/** Denies SYSENTER_CS. */
const TRIAL: FilterTrial = {
  filter: { flags: 0, ranges: [{ flags: 3, nmsrs: 1, base: 0x174, bitmap: new Uint8Array(8) }] },
  reasons: ["filter"],
  forcedEmulation: false,
  seed: 1,
};

Deno.test("compare() notices a denied write that arrives, and a read of what nobody wrote", () => {
  const through = comparisonWith({ writesThrough: true }).compare(TRIAL);
  assertEquals([through?.access.kind, through?.access.index], ["write", 0x174]);
  assertStringIncludes(through!.got, "IA32_SYSENTER_CS (0x174) then holds 0x");
  const wrong = comparisonWith({
    seen: (seen) =>
      seen.access.index === Msr.STAR && seen.value === 0n ? { ...seen, value: 1n } : seen,
  }).compare(TRIAL);
  assertEquals([wrong?.access.kind, wrong?.access.index], ["read", Msr.STAR]);
  assertStringIncludes(wrong!.got, "value 0x1 where user space reads 0x0");
});

Deno.test("compare() notices wrong data, another index and an answer that is not observed", () => {
  const changes: ((seen: SeenAccess) => SeenAccess)[] = [
    (seen) => ({ ...seen, exit: seen.exit && { ...seen.exit, data: seen.exit.data ^ 1n } }),
    (seen) => ({ ...seen, exit: seen.exit && { ...seen.exit, index: seen.exit.index ^ 1 } }),
    (seen) => seen.exit ? { ...seen, fault: { errorCode: 0, rip: 0n }, value: undefined } : seen,
    (seen) => seen.exit?.answer?.kind === "value" ? { ...seen, value: 5n } : seen,
  ];
  for (const seen of changes) {
    // Reads of one MSR are refused or not by the seed alone; some seed does either.
    const found = SEEDS.some((seed) =>
      comparisonWith({ seen }).compare({ ...TRIAL, seed }) !== undefined
    );
    assert(found, `${seen}`);
  }
  assertEquals(comparisonWith({}).compare(TRIAL), undefined);
});

Deno.test("MsrNatures takes no KVM for a reference that filters without a filter", () => {
  const filters = comparisonWith({}, { allows: (_, { index }) => index !== 0x2fff });
  assertThrows(() => filters.compare(TRIAL), NatureError, "without a filter, read of 0x2fff");
  const silent = comparisonWith({}, {
    seen: (seen) => ({ ...seen, exit: undefined, fault: undefined }),
  });
  assertThrows(() => silent.compare(TRIAL), NatureError, "wanted it to be unknown, got supported");
});
