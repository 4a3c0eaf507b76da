/**
 * The race of filter against closing.
 *
 * @module
 */
import type { Kvm } from "../../kvm/kvm.ts";
import { timeScale } from "../../kvm/time_scale.ts";
import { pause } from "./processors.ts";
import { Race } from "./race.ts";
import { checkSeconds, type RaceResult } from "./result.ts";
import { makeSetter } from "./setter.ts";
import type { RaceFiltersOptions } from "./swaps.ts";

/** How soon the thread that sets filters must be refused, in milliseconds. */
const REFUSED_MS = 10_000;

/** How long a VM lives before it is closed, in milliseconds, by turns. */
const LIVES_MS = [5, 15, 25] as const;

/**
 * Closes VMs, one after the other, while two filters are swapped and the vCPUs
 * access MSRs. The thread that sets filters must be refused then, and no guest
 * may run on; until then every access is decided by one of the two filters.
 *
 * @throws {RangeError} When the seconds, the vCPUs or the accesses cannot be.
 * @throws {KvmError} When the kernel refuses one of the steps.
 * @throws {VcpuThreadError} When a thread does not start, or a guest cannot be brought out.
 * @throws {GuestAssertionError | DeadlineError} When a guest ends by itself.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 * import { raceClosing } from "@trapline/trapline/race";
 *
 * using kvm = Kvm.open();
 * const { violations } = await raceClosing(kvm, { seconds: 0.01, vcpus: 2 });
 * assertEquals(violations, []);
 * ```
 */
export async function raceClosing(
  kvm: Kvm,
  options: RaceFiltersOptions = {},
): Promise<RaceResult> {
  const ms = checkSeconds(options.seconds);
  const violations = new Set<string>();
  let [racedMs, accesses, swaps] = [0, 0, 0];
  for (let vms = 0; racedMs < ms; vms++) {
    using vm = kvm.createVm();
    await using race = await Race.boot(vm, options);
    race.phase = "A to B";
    await using setter = await makeSetter(vm, race.pair);
    await race.start(120_000 * timeScale());
    const begin = performance.now();
    setter.turn();
    await pause(LIVES_MS[vms % LIVES_MS.length]!);
    for (const violation of race.violations) violations.add(violation);
    accesses += race.accesses;
    vm.close();
    const late = pause(REFUSED_MS * timeScale()).then(() => undefined);
    if (await Promise.race([setter.refused(), late]) === undefined) {
      violations.add("filters were set on after the VM had been closed");
    }
    const left = race.guests.threads.filter(({ running }) => running).length;
    if (left > 0) violations.add(`${left} guests ran on after the VM had been closed`);
    racedMs += performance.now() - begin;
    swaps += setter.called;
    options.onProgress?.({ accesses, swaps });
  }
  return { seconds: racedMs / 1000, accesses, swaps, violations: [...violations] };
}
