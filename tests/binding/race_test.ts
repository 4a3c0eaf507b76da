/**
 * Races by the library, beside those of the clauses.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Msr, MsrFilter } from "@trapline/trapline";
import { raceFilters, type RaceProgress } from "@trapline/trapline/race";
import { kvmTest } from "../support/kvm_testing.ts";

kvmTest("eight vCPUs race with a filter that is swapped under them", async ({ kvm }) => {
  const { violations, accesses, swaps } = await raceFilters(kvm, { vcpus: 8, seconds: 0.3 });
  assertEquals(violations, []);
  // Each of the eight has been through all 14 once at the start and twice under either filter.
  assert(accesses >= 8 * 14 * 5, `${accesses} accesses`);
  assert(swaps >= 2, `${swaps} swaps`);
});

kvmTest("a race names what breaks the verdicts of its own pair", async ({ kvm }) => {
  const progress: RaceProgress[] = [];
  const { violations } = await raceFilters(kvm, {
    vcpus: 1,
    seconds: 0.1,
    pair: {
      a: MsrFilter.ALLOW_ALL,
      b: MsrFilter.DENY_ALL,
      // It faults in every KVM, also where a filter allows it.
      accesses: [{ kind: "read", index: 0x474f_4f00 }, { kind: "read", index: Msr.STAR }],
    },
    onProgress: ({ accesses, swaps }) => progress.push({ accesses, swaps }),
  });
  assert(violations.length > 0);
  for (const violation of violations) {
    assert(/^vCPU 0: read of 0x474f4f00 trapped .*\(A allows, B denies it\)/.test(violation));
  }
});
