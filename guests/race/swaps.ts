/**
 * The race of filter against filter: two of them are swapped as fast as the
 * kernel takes them, under vCPUs that access MSRs all the time.
 *
 * @module
 */
import type { Kvm } from "../../kvm/kvm.ts";
import { timeScale } from "../../kvm/time_scale.ts";
import { sleep } from "./processors.ts";
import { probesOf, tellingShare } from "./pair.ts";
import { Race, type Trap } from "./race.ts";
import { checkSeconds, type RaceResult, type RunOptions } from "./result.ts";

/** What {@linkcode raceFilters} takes. */
export interface RaceFiltersOptions extends RunOptions {
  /** What a denied access ends in: a #GP at once, or an exit that is refused; default "gp". */
  readonly trap?: Trap;
}

/** What came of {@linkcode raceFilters}, with what {@linkcode logOfMissing} takes. */
export interface SwapResult extends RaceResult {
  /** The accesses that trapped. */
  readonly traps: number;
  /** The MSR exits that the guests made. */
  readonly exits: number;
  /** Seconds within the ioctl that sets a filter. */
  readonly changingSeconds: number;
  /** Accesses that were decided meanwhile, about. */
  readonly accessesWhileChanging: number;
  /** The share of the accesses that tells a window without the filter. */
  readonly tellingShare: number;
  /** Processors that guests and host share. */
  readonly processors: number;
}

/** Accesses while the filter changes, without which a race has shown nothing. */
const LEAST_WHILE_CHANGING = 100;

/** Swaps the two filters for `ms` milliseconds, and gives the guests some time under each. */
async function swapFor(
  race: Race,
  ms: number,
  onProgress: RunOptions["onProgress"],
): Promise<void> {
  const end = performance.now() + ms;
  const isDone = (): boolean =>
    performance.now() >= end && race.accessesWhileChanging >= LEAST_WHILE_CHANGING;
  for (let swaps = 0; !isDone(); swaps++) {
    race.swapTo(swaps % 2 === 0 ? "B" : "A");
    // Mostly as fast as the kernel takes them, at times with a pause, in which
    // every access comes after the ioctl has returned and before the next.
    if (swaps % 4 > 1) sleep(0.2);
    if (swaps % 16 !== 15) continue;
    await race.rounds(1);
    onProgress?.(race);
  }
  for (const filter of ["B", "A"] as const) {
    race.swapTo(filter);
    await race.rounds(2);
  }
}

/**
 * Swaps two filters under vCPUs that access MSRs all the time, each on a thread
 * of its own. A violation is an access that both filters allow and that
 * trapped, one that both deny and that passed, one after the ioctl had
 * returned that the old filter decided, and a read that shows that a denied
 * write was done.
 *
 * @throws {RangeError} When the seconds, the vCPUs or the accesses cannot be.
 * @throws {KvmError} When the kernel refuses a filter.
 * @throws {VcpuThreadError} When a thread does not start.
 * @throws {GuestAssertionError | DeadlineError} When a guest ends by itself, or does not end.
 *
 * @example Usage
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { Kvm, Msr, MsrFilter } from "@trapline/trapline";
 * import { raceFilters } from "@trapline/trapline/race";
 *
 * using kvm = Kvm.open();
 * const { violations, accesses, swaps } = await raceFilters(kvm, {
 *   seconds: 0.2,
 *   vcpus: 2,
 *   pair: {
 *     a: new MsrFilter({ default: "deny", ranges: [{ base: 0x174, count: 1, allow: "read" }] }),
 *     b: new MsrFilter({ default: "deny", ranges: [{ base: 0x174, count: 3, allow: "read" }] }),
 *     accesses: [
 *       { kind: "read", index: Msr.IA32_SYSENTER_CS }, // Both allow it.
 *       { kind: "read", index: Msr.IA32_SYSENTER_ESP }, // B alone does.
 *       { kind: "read", index: Msr.STAR }, // Both deny it.
 *     ],
 *   },
 * });
 * assertEquals(violations, []);
 * assert(accesses > 0 && swaps > 0);
 * ```
 */
export async function raceFilters(
  kvm: Kvm,
  options: RaceFiltersOptions = {},
): Promise<SwapResult> {
  const ms = checkSeconds(options.seconds);
  using vm = kvm.createVm();
  await using race = await Race.boot(vm, options);
  const vcpus = race.guests.threads.length;
  await race.start(2 * ms + 120_000 * timeScale());
  const begin = performance.now();
  await swapFor(race, ms, options.onProgress);
  const seconds = (performance.now() - begin) / 1000;
  await race.end();
  const { accesses, swaps, traps, exits, changingSeconds, violations } = race;
  return {
    seconds,
    accesses,
    swaps,
    traps,
    exits,
    changingSeconds,
    // Of each guest about one access began before the change, and is in no window.
    accessesWhileChanging: Math.max(0, race.accessesWhileChanging - swaps * vcpus),
    tellingShare: tellingShare(probesOf(race.pair)),
    processors: navigator.hardwareConcurrency,
    violations,
  };
}
