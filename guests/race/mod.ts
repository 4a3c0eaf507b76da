/**
 * Races: filters that change while vCPUs on threads of their own access MSRs,
 * while vCPUs are made, while the host reads and writes MSRs, and while the VM
 * is closed.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 * import { raceFilters } from "@trapline/trapline/race";
 *
 * using kvm = Kvm.open();
 * const { violations } = await raceFilters(kvm, { vcpus: 2, seconds: 0.2 });
 * assertEquals(violations, []);
 * ```
 *
 * @module
 */
export { logOfMissing, type RaceRates } from "./chance.ts";
export { raceClosing } from "./closing.ts";
export { type IoctlReport, IoctlThread } from "./ioctl_thread.ts";
export { raceMsrIoctls } from "./msr_ioctls.ts";
export type { RaceAccess, RacePair, RacePhase } from "./pair.ts";
export { Race, type RaceOptions, type Trap } from "./race.ts";
export type { RaceProgress, RaceResult, RunOptions } from "./result.ts";
export { STANDARD_PAIR } from "./standard_pair.ts";
export { raceFilters, type RaceFiltersOptions, type SwapResult } from "./swaps.ts";
export { raceVcpuCreation } from "./vcpu_creation.ts";
