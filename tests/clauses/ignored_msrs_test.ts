/**
 * `kvm.ignore_msrs`, under which KVM lets accesses to unknown MSRs pass.
 *
 * @module
 */
import { MSR_EXIT_REASONS, MsrFilter, type MsrFilterSpec } from "@trapline/trapline";
import {
  assertWalk,
  bootWalker,
  completes,
  exits,
  faults,
  read,
  write,
} from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { ignoringUnknownMsrs, mayIgnoreUnknownMsrs } from "../support/ignored_msrs.ts";
import { KNOWN_MSRS, UNKNOWN_MSRS } from "../support/msr_probes.ts";

const UNKNOWN = [...UNKNOWN_MSRS, 0x1fff, 0x2000, 0xbfff_ffff, 0xc000_1fff];
const KNOWN = KNOWN_MSRS.map(({ index }) => index);
// No range reaches the last index.
const IN_REACH = [...UNKNOWN.filter((index) => index !== 0xffff_ffff), ...KNOWN];

/** All that KVM ignores: a read gives 0 and a write does nothing. */
const IGNORED = UNKNOWN.flatMap((index) => [
  completes(write(index, 0xfedc_ba98_7654_3210n)),
  completes(read(index), 0n),
]);

/** The unknown MSRs, denied in a half each. */
function half(
  odd: boolean,
): { readonly denied: readonly number[]; readonly filter: MsrFilterSpec } {
  const denied = IN_REACH.filter((_, i) => (i % 2 === 1) === odd);
  const ranges = denied.map((base) => ({ base, count: 1, deny: "read-write" as const }));
  return { denied, filter: { default: "allow", ranges } };
}

clause(
  "X-86",
  "with kvm.ignore_msrs on, the filter still denies by exit or #GP; an unknown MSR that it allows " +
    "never exits, reads as 0 and ignores writes",
  { requires: [mayIgnoreUnknownMsrs] },
  ({ kvm, facts }) => {
    using _ignoring = ignoringUnknownMsrs(facts);
    using vm = kvm.createVm();
    const session = bootWalker(vm);
    for (const reasons of [[], ["unknown"], MSR_EXIT_REASONS] as const) {
      vm.enableUserSpaceMsr(reasons);
      assertWalk(session, `no filter, reasons ${reasons.join("+") || "none"}`, IGNORED);
    }
    const all = [...UNKNOWN, ...KNOWN];
    for (
      const { denied, filter } of [
        { denied: all, filter: MsrFilter.DENY_ALL },
        half(true),
        half(false),
      ]
    ) {
      vm.setMsrFilter(filter);
      const ignored = IGNORED.filter(({ access }) => !denied.includes(access.index));
      const accesses = denied.flatMap((index) => [read(index), write(index, 0x18n)]);
      for (
        const [reasons, want] of [
          [[], faults],
          [["inval", "unknown"], faults],
          [["filter"], exits],
          [MSR_EXIT_REASONS, exits],
        ] as const
      ) {
        vm.enableUserSpaceMsr(reasons);
        const circumstances = `${denied.length} denied, reasons ${reasons.join("+") || "none"}`;
        assertWalk(session, circumstances, [...accesses.map((access) => want(access)), ...ignored]);
      }
    }
  },
);
