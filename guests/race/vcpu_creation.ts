/**
 * The race of filter against vCPU creation.
 *
 * @module
 */
import type { Kvm } from "../../kvm/kvm.ts";
import { asm64 } from "../asm/mod.ts";
import { Session } from "../session.ts";
import {
  allowedOutcomes,
  type Outcome,
  probesOf,
  type RacePhase,
  type RaceProbe,
  violationText,
} from "./pair.ts";
import { checkVcpus } from "./race.ts";
import { checkSeconds, type RaceResult, type RunOptions } from "./result.ts";
import { calledOnce, makeSetter, stopSetter } from "./setter.ts";
import { STANDARD_PAIR } from "./standard_pair.ts";

function outcomeOf(
  { kind, value: wanted }: RaceProbe,
  { value, fault }: ReturnType<Session["walk"]>[number],
): Outcome {
  if (fault !== undefined) return "trap";
  return kind === "read" && wanted !== undefined && value !== wanted ? "wrong" : "pass";
}

/** The accesses of the pair that come out against the filters in force, each in words. */
function walkProbes(
  session: Session,
  probes: readonly RaceProbe[],
  phase: RacePhase,
): string[] {
  const accesses = probes.map(({ kind, index, value = 0n }) => ({ kind, index, value }));
  return session.walk(accesses).flatMap((walked, i) => {
    const outcome = outcomeOf(probes[i]!, walked);
    const isAllowed = allowedOutcomes(probes[i]!, phase).includes(outcome);
    return isAllowed ? [] : [violationText(probes[i]!, outcome, phase)];
  });
}

/**
 * Makes vCPUs while another thread swaps two filters, in one VM after the
 * other. Each access of a vCPU that was just made must be decided by one of the
 * two; once a filter has been set, every vCPU must be under it. Denied accesses
 * end in a #GP.
 *
 * @throws {RangeError} When the seconds, the vCPUs or the accesses cannot be.
 * @throws {KvmError} When the kernel refuses one of the steps.
 * @throws {GuestAssertionError} When a guest does not come to its end.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 * import { raceVcpuCreation } from "@trapline/trapline/race";
 *
 * using kvm = Kvm.open();
 * const { violations } = await raceVcpuCreation(kvm, { seconds: 0.1, vcpus: 2 });
 * assertEquals(violations, []);
 * ```
 */
export async function raceVcpuCreation(kvm: Kvm, options: RunOptions = {}): Promise<RaceResult> {
  const { pair = STANDARD_PAIR, onProgress } = options;
  const ms = checkSeconds(options.seconds);
  const vcpus = checkVcpus(options.vcpus);
  const probes = probesOf(pair);
  const found = new Set<string>();
  let [racedMs, accesses, swaps] = [0, 0, 0];
  while (racedMs === 0 || racedMs < ms) {
    using vm = kvm.createVm();
    vm.setMsrFilter(pair.a);
    await using setter = await makeSetter(vm, pair);
    const begin = performance.now();
    const walk = (session: Session, id: number, phase: RacePhase, when: string): void => {
      const violations = walkProbes(session, probes, phase);
      for (const violation of violations) found.add(`vCPU ${id}, ${when}: ${violation}`);
      accesses += probes.length;
    };
    setter.turn();
    const sessions: Session[] = [];
    for (let id = 0; id < vcpus; id++) {
      const session = Session.boot(vm, asm64`jmp finish`);
      session.vcpu.setMsrs(pair.msrs ?? []);
      sessions.push(session);
      walk(session, id, "A to B", "just made");
    }
    await calledOnce([setter]);
    const refusals: string[] = [];
    swaps += await stopSetter(setter, refusals);
    for (const refusal of refusals) found.add(refusal);
    for (const [phase, filter] of [["A", pair.a], ["B", pair.b], ["A", pair.a]] as const) {
      vm.setMsrFilter(filter);
      sessions.forEach((session, id) => walk(session, id, phase, "made before"));
    }
    racedMs += performance.now() - begin;
    onProgress?.({ accesses, swaps });
  }
  return { seconds: racedMs / 1000, accesses, swaps, violations: [...found] };
}
