/**
 * A race: guests that repeat a pair's accesses on threads of their own while
 * somebody changes the filter, and what came of every access.
 *
 * @module
 */
import { timeScale } from "../../kvm/time_scale.ts";
import type { Vm } from "../../kvm/vm.ts";
import type { Observation } from "../observation.ts";
import { GuestThreads } from "../threads/guest_threads.ts";
import { hammer, RaceList } from "./hammer.ts";
import {
  allowedOutcomes,
  type Outcome,
  OUTCOMES,
  PHASES,
  probesOf,
  type RacePair,
  type RacePhase,
  type RaceProbe,
  violationText,
} from "./pair.ts";
import { STANDARD_PAIR } from "./standard_pair.ts";

/** How a denied access comes back to the guest: at once, or by way of user space. */
export type Trap = "gp" | "exit";

/** The most vCPUs of one race. */
const MAX_VCPUS = 8;

/** Milliseconds after which guests that nobody ends are taken to hang. */
const DEADLINE_MS = 120_000;

/** What a {@linkcode Race} is made of. */
export interface RaceOptions {
  /** The filters and the accesses; {@linkcode STANDARD_PAIR} by default. */
  readonly pair?: RacePair;
  /** vCPUs that access MSRs, each on a thread of its own, 1 to 8; 4 by default. */
  readonly vcpus?: number;
  /** What a denied access ends in: a #GP at once, or an exit that is refused; default "gp". */
  readonly trap?: Trap;
}

/**
 * The vCPUs asked for.
 *
 * @throws {RangeError} When they are not 1 to 8.
 */
export function checkVcpus(vcpus: number = 4): number {
  if (!(Number.isInteger(vcpus) && vcpus >= 1 && vcpus <= MAX_VCPUS)) {
    throw new RangeError(`Cannot race with ${vcpus} vCPUs: 1 to ${MAX_VCPUS}`);
  }
  return vcpus;
}

/**
 * The guests of one VM that repeat a pair's accesses, and count for each what
 * came of it under which filter. For a race of one's own; {@linkcode raceFilters}
 * is the usual one.
 *
 * @example Usage
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 * import { Race } from "@trapline/trapline/race";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * await using race = await Race.boot(vm, { vcpus: 2 });
 * await race.start();
 * race.swapTo("B");
 * await race.rounds(1); // All of it after the ioctl has returned.
 * await race.end();
 * assertEquals(race.violations, []);
 * assert(race.accesses >= 2 * 2 * 14);
 * ```
 */
export class Race implements AsyncDisposable {
  /** Where the race is run. */
  readonly vm: Vm;
  /** The guests. */
  readonly guests: GuestThreads;
  /** The filters and the accesses. */
  readonly pair: RacePair;
  readonly #probes: readonly RaceProbe[];
  readonly #lists: readonly RaceList[];
  readonly #trap: Trap;
  #running: Promise<Observation[]> | undefined;
  #swaps = 0;
  #changingMs = 0;

  private constructor(
    guests: GuestThreads,
    lists: readonly RaceList[],
    probes: readonly RaceProbe[],
    { vm, pair, trap }: { readonly vm: Vm; readonly pair: RacePair; readonly trap: Trap },
  ) {
    this.vm = vm;
    this.guests = guests;
    this.pair = pair;
    this.#lists = lists;
    this.#probes = probes;
    this.#trap = trap;
  }

  /**
   * Makes the guests in `vm`, which has no vCPU yet, with filter A in force.
   *
   * @throws {RangeError} When the vCPUs are not 1 to 8, or the accesses not 1 to 1000.
   * @throws {KvmError} When the kernel refuses one of the steps.
   * @throws {VcpuThreadError} When a thread does not start.
   */
  static async boot(vm: Vm, options: RaceOptions = {}): Promise<Race> {
    const { pair = STANDARD_PAIR, trap = "gp" } = options;
    const vcpus = checkVcpus(options.vcpus);
    const probes = probesOf(pair);
    vm.enableUserSpaceMsr(trap === "exit" ? ["filter"] : []);
    vm.setMsrFilter(pair.a);
    const guests = await GuestThreads.boot(vm, Array<typeof hammer>(vcpus).fill(hammer));
    const lists = guests.threads.map(({ session }, slot) => {
      session.vcpu.setMsrs(pair.msrs ?? []);
      return new RaceList(vm, slot, (label) => session.symbol(label), probes);
    });
    return new Race(guests, lists, probes, { vm, pair, trap });
  }

  /**
   * Lets the guests go, and comes back once each has made every access.
   *
   * @param deadlineMs Milliseconds after which guests that have not been ended are taken to hang;
   * 120,000 by default, times `TRAPLINE_TIME_SCALE`.
   * @throws {GuestAssertionError | DeadlineError} When a guest ends before.
   */
  async start(deadlineMs: number = DEADLINE_MS * timeScale()): Promise<void> {
    this.#running = this.guests.finish({
      deadlineMs,
      answers: { rdmsr: "refuse", wrmsr: "refuse" },
    });
    await this.rounds(1);
  }

  /**
   * Waits until every guest has made every access `count` times more.
   *
   * @throws {GuestAssertionError | DeadlineError} When a guest ends before.
   */
  async rounds(count: number): Promise<void> {
    const wanted = this.#lists.map(({ rounds }) => rounds + count);
    while (this.#lists.some(({ rounds }, i) => rounds < wanted[i]!)) {
      // A guest that ends, ends by an error: then there is nothing more to wait for.
      if (this.guests.threads.some(({ running }) => !running)) await this.#running;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Tells the guests which filter is in force; for who sets filters by other means. */
  set phase(phase: RacePhase) {
    for (const list of this.#lists) list.phase = phase;
  }

  /**
   * Puts the other filter in force, and tells the guests before and after.
   *
   * @throws {KvmError} When the kernel refuses it.
   */
  swapTo(next: "A" | "B"): void {
    const start = performance.now();
    this.phase = next === "A" ? "B to A" : "A to B";
    this.vm.setMsrFilter(next === "A" ? this.pair.a : this.pair.b);
    this.phase = next;
    this.#changingMs += performance.now() - start;
    this.#swaps++;
  }

  /** How often {@linkcode Race.swapTo} has put a filter in force. */
  get swaps(): number {
    return this.#swaps;
  }

  /** The seconds that these took, all in all. */
  get changingSeconds(): number {
    return this.#changingMs / 1000;
  }

  /** Lets the guests end after the round that they are in. */
  async end(): Promise<void> {
    for (const list of this.#lists) list.end();
    await this.#running;
  }

  /** All accesses so far. */
  get accesses(): number {
    return this.#sum(PHASES, OUTCOMES);
  }

  /** The accesses so far that began, ended or lay within a change of the filter. */
  get accessesWhileChanging(): number {
    return this.#sum(["A to B", "B to A"], OUTCOMES);
  }

  /** The accesses so far that trapped. */
  get traps(): number {
    return this.#sum(PHASES, ["trap"]);
  }

  /** The MSR exits so far that the threads have answered. */
  get exits(): number {
    return this.guests.threads.reduce(
      (sum, { answered }) => sum + answered.rdmsr + answered.wrmsr,
      0,
    );
  }

  /**
   * How many accesses so far passed or trapped against the filters in force. A
   * wrong value is not counted: what a write left behind shows for ever after.
   */
  get violationCount(): number {
    let sum = 0;
    this.#eachViolation((count, outcome) => sum += outcome === "wrong" ? 0 : count);
    return sum;
  }

  /**
   * The accesses that came out as none of the filters in force has it, each
   * kind in one line; and, once the guests have ended, exits that were more or
   * fewer than the accesses that trapped.
   */
  get violations(): string[] {
    const violations: string[] = [];
    this.#eachViolation((count, outcome, phase, probe, vcpu) => {
      violations.push(`vCPU ${vcpu}: ${violationText(probe, outcome, phase)}, ${count} times`);
    });
    const { exits, traps } = this;
    const wanted = this.#trap === "exit" ? traps : 0;
    if (!this.guests.threads.some(({ running }) => running) && exits !== wanted) {
      violations.push(`${exits} exits for ${traps} accesses that trapped, wanted ${wanted}`);
    }
    return violations;
  }

  #eachViolation(
    visit: (
      count: number,
      outcome: Outcome,
      phase: RacePhase,
      probe: RaceProbe,
      vcpu: number,
    ) => void,
  ): void {
    this.#lists.forEach((list, vcpu) =>
      this.#probes.forEach((probe, i) => {
        const tally = list.tally(i);
        for (const phase of PHASES) {
          for (const outcome of OUTCOMES) {
            const count = tally[phase][outcome];
            if (count === 0 || allowedOutcomes(probe, phase).includes(outcome)) continue;
            visit(count, outcome, phase, probe, vcpu);
          }
        }
      })
    );
  }

  #sum(phases: readonly RacePhase[], outcomes: readonly Outcome[]): number {
    let sum = 0;
    for (const list of this.#lists) {
      this.#probes.forEach((_, i) => {
        const tally = list.tally(i);
        for (const phase of phases) for (const outcome of outcomes) sum += tally[phase][outcome];
      });
    }
    return sum;
  }

  /** Stops the guests and ends their threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.guests.close();
  }
}
