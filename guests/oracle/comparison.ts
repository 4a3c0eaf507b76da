/**
 * Comparing a subject with the oracle, access by access, whatever becomes of
 * its guest.
 *
 * @module
 */
import { type MsrAccess, WALK_CAPACITY } from "../walker.ts";
import type { Disagreement, FilterTrial, MetNature } from "./disagreement.ts";
import { type AccessVerdict, expectVerdict, filterAllows, isX2apic } from "./model.ts";
import type { MsrNatures } from "./natures.ts";
import { agrees, answerTo, describe } from "./outcome.ts";
import { type Probe, probesOf } from "./probes.ts";
import { type RandomSource, randomSource, randomValue } from "./random.ts";
import { standingProblem } from "./standing.ts";
import { endingText, type SeenAccess, type Subject } from "./subject.ts";
import { harmlessValue } from "./values.ts";

/** What a comparison works with. */
export interface ComparisonOptions {
  /** Makes a subject: the first, and another one whenever a guest has ended. */
  readonly boot: () => Subject;
  /** What accesses come to without a filter. */
  readonly natures: MsrNatures;
  /** Accesses under each filter, about. */
  readonly accesses: number;
  /** Accesses that are left out. */
  readonly except: (access: MsrAccess) => boolean;
}

function accessOf(
  { filter, forcedEmulation }: FilterTrial,
  { kind, index, gentle }: Probe,
  random: RandomSource,
): MsrAccess {
  const access = { kind, index, forcedEmulation };
  if (kind === "read") return access;
  // A write that passes does what it says to the guest; one that is denied must do nothing.
  return gentle || filterAllows(filter, access)
    ? { ...access, value: harmlessValue(index, random()) }
    : { ...access, value: randomValue(random) };
}

/** Compares subjects with the oracle. It owns them and the natures until it is closed. */
export class Comparison {
  readonly #options: ComparisonOptions;
  readonly #met: Set<MetNature> = new Set();
  #subject: Subject;
  #compared = 0;

  /** Makes the first subject. */
  constructor(options: ComparisonOptions) {
    this.#options = options;
    this.#subject = options.boot();
  }

  /** How many accesses were compared so far. */
  get compared(): number {
    return this.#compared;
  }

  /** What accesses turned out to be so far. */
  get met(): ReadonlySet<MetNature> {
    return this.#met;
  }

  /** Installs the trial's filter and compares as {@linkcode Comparison.compareInForce} does. */
  compare(trial: FilterTrial): Disagreement | undefined {
    this.#install(trial);
    return this.compareInForce(trial);
  }

  /** Compares the accesses by which the trial's filter is asked, under what is in force. */
  compareInForce(trial: FilterTrial): Disagreement | undefined {
    const found = this.compareWalkInForce(trial, this.#accessesOf(trial));
    if (found?.among === undefined) return found;
    const { among: _, ...alone } = found;
    return this.compareWalkInForce(trial, [found.access]) === undefined ? found : alone;
  }

  /** Installs the trial's filter and compares the accesses, in turn. */
  compareWalk(trial: FilterTrial, accesses: readonly MsrAccess[]): Disagreement | undefined {
    this.#install(trial);
    return this.compareWalkInForce(trial, accesses);
  }

  /** Compares the accesses, in turn, under what is in force. */
  compareWalkInForce(
    trial: FilterTrial,
    accesses: readonly MsrAccess[],
  ): Disagreement | undefined {
    const wanted = this.#wantedOf(trial, accesses);
    const disagreement = (at: number, got: string, isAlone: boolean): Disagreement => ({
      trial,
      access: accesses[at]!,
      wanted: wanted[at]!,
      got,
      ...(!isAlone && { among: accesses.slice(0, at + 1) }),
    });
    try {
      const problem = this.#problem(trial, accesses, wanted);
      return problem && disagreement(problem.at, problem.got, problem.at === 0);
    } catch (error) {
      const ending = endingText(error);
      if (ending === undefined) throw error;
      const { at, isAlone } = this.#whereItEnds(trial, accesses);
      return disagreement(at, `the guest ended: ${ending}`, isAlone);
    }
  }

  #install({ filter, reasons }: FilterTrial): void {
    this.#subject.install(filter, reasons);
  }

  #accessesOf(trial: FilterTrial): MsrAccess[] {
    const random = randomSource(trial.seed);
    const elsewhere = trial.elsewhere === undefined ? random : randomSource(trial.elsewhere);
    const count = Math.min(this.#options.accesses, WALK_CAPACITY);
    return probesOf(trial.filter, random, count, elsewhere)
      .map((probe) => accessOf(trial, probe, random))
      .filter((access) => !this.#options.except(access));
  }

  #problem(
    trial: FilterTrial,
    accesses: readonly MsrAccess[],
    wanted: readonly AccessVerdict[],
  ): { readonly at: number; readonly got: string } | undefined {
    const before = this.#subject.reset();
    const walked = this.#walk(trial, accesses);
    this.#compared += walked.length;
    const ripOf = (access: MsrAccess): bigint => this.#subject.ripOf(access);
    const at = walked.findIndex((seen, i) => !agrees(seen, wanted[i]!, ripOf));
    if (at !== -1) return { at, got: describe(walked[at]!) };
    return standingProblem(walked, before, this.#subject.values());
  }

  #walk({ seed }: FilterTrial, accesses: readonly MsrAccess[]): readonly SeenAccess[] {
    return this.#subject.walk(
      accesses,
      (exit) =>
        answerTo(seed, { kind: exit.name === "X86_WRMSR" ? "write" : "read", index: exit.index }),
    );
  }

  /** Whether the accesses end the guest, which is another one. */
  #ends(trial: FilterTrial, accesses: readonly MsrAccess[]): boolean {
    this.#renew(trial);
    try {
      this.#walk(trial, accesses);
      return false;
    } catch (error) {
      if (endingText(error) === undefined) throw error;
      return true;
    }
  }

  /** The access by which the guest just ended, and whether it does so alone. */
  #whereItEnds(
    trial: FilterTrial,
    accesses: readonly MsrAccess[],
  ): { readonly at: number; readonly isAlone: boolean } {
    const seenAt = Math.min(Math.max(0, this.#subject.position()), accesses.length - 1);
    const isAlone = (at: number): boolean => this.#ends(trial, [accesses[at]!]);
    const endsUpTo = (count: number): boolean => this.#ends(trial, accesses.slice(0, count));
    try {
      if (isAlone(seenAt)) return { at: seenAt, isAlone: true };
      let [harmless, ending] = [0, seenAt + 1];
      // Where the guest was seen is where it ended, unless something came of the access later.
      if (!endsUpTo(ending)) [harmless, ending] = [ending, accesses.length];
      const repeats = harmless === 0 || (harmless < ending && endsUpTo(ending));
      if (!repeats) return { at: seenAt, isAlone: false };
      while (ending - harmless > 1) {
        const middle = (harmless + ending) >> 1;
        if (endsUpTo(middle)) ending = middle;
        else harmless = middle;
      }
      const at = ending - 1;
      return { at, isAlone: at !== seenAt && isAlone(at) };
    } finally {
      this.#renew(trial);
    }
  }

  #renew(trial: FilterTrial): void {
    this.#subject.close();
    this.#subject = this.#options.boot();
    this.#install(trial);
  }

  #wantedOf({ filter, reasons }: FilterTrial, accesses: readonly MsrAccess[]): AccessVerdict[] {
    const allowed = accesses.map((access) => filterAllows(filter, access));
    const natures = this.#options.natures.of(accesses.filter((_, i) => allowed[i]));
    let next = 0;
    return accesses.map((access, i) => {
      // Of a denied access the nature does not matter.
      if (!allowed[i]) return expectVerdict(filter, reasons, access, "supported");
      const nature = natures[next++]!;
      this.#met.add(nature);
      if (isX2apic(access.index)) this.#met.add("x2apic");
      return expectVerdict(filter, reasons, access, nature);
    });
  }

  /** Closes the subject and the natures. */
  close(): void {
    this.#subject.close();
    this.#options.natures.close();
  }
}
