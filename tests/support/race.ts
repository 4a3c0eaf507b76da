/**
 * A race: guests that repeat the probes on threads of their own while somebody
 * changes the filter, and what came of every access.
 *
 * @module
 */
import { AssertionError } from "@std/assert";
import { formatMsr, GuestThreads, type Observation, type Vm } from "@trapline/trapline";
import { allowedOutcomes, FILTER_A, FILTER_B, PROBES, setProbedMsrs } from "./race_filters.ts";
import { hammer, OUTCOMES, type Phase, PHASES, RaceList } from "./race_guest.ts";

/** How a denied access comes back to the guest: at once, or by way of user space. */
export type Trap = "gp" | "exit";

/** How long a race goes on unless it is told otherwise, in milliseconds. */
export function raceMs(share: number): number {
  return 1000 * share * Number(Deno.env.get("TRAPLINE_RACE_SECONDS") ?? "1");
}

/** Whether guests and their host share one processor; everything takes long then. */
export const ONE_PROCESSOR = navigator.hardwareConcurrency < 2;

/** Sleeps on this thread, which leaves a processor to the guests. */
export function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** The guests of one VM that repeat the probes. */
export class Race implements AsyncDisposable {
  /** Where the race is run. */
  readonly vm: Vm;
  /** The guests. */
  readonly guests: GuestThreads;
  readonly #lists: readonly RaceList[];
  #running: Promise<Observation[]> | undefined;

  private constructor(vm: Vm, guests: GuestThreads, lists: readonly RaceList[]) {
    this.vm = vm;
    this.guests = guests;
    this.#lists = lists;
  }

  /** Makes `count` guests in `vm`, which has no vCPU yet, with filter A in force. */
  static async boot(vm: Vm, count: number, trap: Trap): Promise<Race> {
    vm.enableUserSpaceMsr(trap === "exit" ? ["filter"] : []);
    vm.setMsrFilter(FILTER_A);
    const guests = await GuestThreads.boot(vm, Array<typeof hammer>(count).fill(hammer));
    const lists = guests.threads.map(({ session }, slot) => {
      setProbedMsrs(session.vcpu);
      return new RaceList(vm, slot, (label) => session.symbol(label), PROBES);
    });
    return new Race(vm, guests, lists);
  }

  /** Lets the guests go, and comes back once each has been through all probes. */
  async start(deadlineMs = 120_000): Promise<void> {
    this.#running = this.guests.finish({
      deadlineMs,
      answers: { rdmsr: "refuse", wrmsr: "refuse" },
    });
    await this.rounds(1);
  }

  /** Waits until every guest has been through all probes `count` times more. */
  async rounds(count: number): Promise<void> {
    const wanted = this.#lists.map(({ rounds }) => rounds + count);
    while (this.#lists.some(({ rounds }, i) => rounds < wanted[i]!)) {
      // A guest that ends, ends by an error: then there is nothing more to wait for.
      if (this.guests.threads.some(({ running }) => !running)) await this.#running;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Tells the guests which filter is in force. */
  set phase(phase: Phase) {
    for (const list of this.#lists) list.phase = phase;
  }

  /** Puts the other filter in force, and tells the guests before and after. */
  swapTo(next: "A" | "B"): void {
    this.phase = next === "A" ? "B to A" : "A to B";
    this.vm.setMsrFilter(next === "A" ? FILTER_A : FILTER_B);
    this.phase = next;
  }

  /** Lets the guests end after the round that they are in. */
  async end(): Promise<void> {
    for (const list of this.#lists) list.end();
    await this.#running;
  }

  /** All accesses so far. */
  get accesses(): number {
    return this.#sum((phase, i, list) =>
      OUTCOMES.reduce((sum, outcome) => sum + list.tally(i)[phase][outcome], 0)
    );
  }

  /** The accesses so far that began, ended or lay within a change of the filter. */
  get accessesWhileChanging(): number {
    return this.#sum((phase, i, list) =>
      phase === "A" || phase === "B"
        ? 0
        : OUTCOMES.reduce((sum, outcome) => sum + list.tally(i)[phase][outcome], 0)
    );
  }

  /** The MSR exits so far that the threads have answered. */
  get answered(): number {
    return this.guests.threads.reduce(
      (sum, { answered }) => sum + answered.rdmsr + answered.wrmsr,
      0,
    );
  }

  /** The accesses so far that trapped. */
  get traps(): number {
    return this.#sum((phase, i, list) => list.tally(i)[phase].trap);
  }

  /**
   * How many accesses so far passed or trapped against the filters in force. A
   * wrong value is not counted: what a write left behind shows for ever after.
   */
  get faultCount(): number {
    return this.#sum((phase, i, list) => {
      const allowed = allowedOutcomes(PROBES[i]!, phase);
      const { pass, trap } = list.tally(i)[phase];
      return (allowed.includes("pass") ? 0 : pass) + (allowed.includes("trap") ? 0 : trap);
    });
  }

  /** The accesses that came out as none of the filters in force has it, each kind in one line. */
  get faults(): string[] {
    const faults: string[] = [];
    this.#lists.forEach((list, vcpu) =>
      PROBES.forEach((probe, i) => {
        const tally = list.tally(i);
        for (const phase of PHASES) {
          for (const outcome of OUTCOMES) {
            if (allowedOutcomes(probe, phase).includes(outcome)) continue;
            const count = tally[phase][outcome];
            if (count === 0) continue;
            const verdicts = `A ${probe.a ? "allows" : "denies"}, B ${
              probe.b ? "allows" : "denies"
            }`;
            faults.push(
              `vCPU ${vcpu}: ${count} times ${outcome} in phase "${phase}" of ${probe.kind} ` +
                `${formatMsr(probe.index)} (${verdicts})`,
            );
          }
        }
      })
    );
    return faults;
  }

  /** Asserts that every access came out as a filter in force has it. */
  assertNoFaults(circumstances: string): void {
    const { faults } = this;
    if (faults.length === 0) return;
    throw new AssertionError(
      `Wanted each access decided by the old or the new filter (${circumstances}), ` +
        `got, of ${this.accesses} accesses:\n${faults.join("\n")}`,
    );
  }

  #sum(count: (phase: Phase, access: number, list: RaceList) => number): number {
    let sum = 0;
    for (const list of this.#lists) {
      PROBES.forEach((_, i) => {
        for (const phase of PHASES) sum += count(phase, i, list);
      });
    }
    return sum;
  }

  /** Stops the guests and ends their threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.guests.close();
  }
}
