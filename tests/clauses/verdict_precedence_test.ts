/**
 * The filter speaks first: before KVM asks whether it knows the MSR, and
 * before it looks at the value.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  formatMsr,
  MSR_EXIT_REASONS,
  type MsrExitReason,
  MsrFilter,
  type MsrFilterSpec,
} from "@trapline/trapline";
import { assertWalk, bootWalker, exits, faults, read, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { DENIES_SOME, FAILING_ACCESSES } from "../support/failing_accesses.ts";
import { KNOWN_MSRS, UNKNOWN_MSRS } from "../support/msr_probes.ts";
import { isX2apic } from "../support/msr_space.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";
import { assertExited } from "../support/walked.ts";

/** Unknown to every KVM: in both ranges of the hardware's bitmaps, at their edges, and outside. */
const UNKNOWN = [...UNKNOWN_MSRS, 0x1fff, 0x2000, 0xbfff_ffff, 0xc000_1fff];

/** Reads that are invalid and writes of invalid values, to MSRs that a filter governs. */
const INVALID = FAILING_ACCESSES.filter(({ cause, index }) =>
  cause === "inval" && !isX2apic(index)
);

const INVALID_INDICES = [...new Set(INVALID.map(({ index }) => index))];

/** Every set of reasons that holds `reason`. */
function masksWith(reason: MsrExitReason): MsrExitReason[][] {
  return Array.from({ length: 8 }, (_, mask) => MSR_EXIT_REASONS.filter((_, i) => mask & 1 << i))
    .filter((mask) => mask.includes(reason));
}

/** Denies `indices`, and allows the rest. */
function denyEach(indices: readonly number[]): MsrFilterSpec {
  return {
    default: "allow",
    ranges: indices.map((base) => ({ base, count: 1, deny: "read-write" })),
  };
}

clause(
  "X-09",
  "a denied access to an unknown MSR exits with reason FILTER",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootWalker(vm);
    const accesses = UNKNOWN.flatMap((index) => [read(index), write(index, 0x1_0000_0001n)]);
    vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
    const unknown = accesses.map((access) => exits(access, "unknown"));
    assertWalk(session, "no filter, so that KVM itself refuses", unknown);
    // No range reaches the last index.
    const reachable = UNKNOWN.filter((index) => index !== 0xffff_ffff);
    for (const filter of [MsrFilter.DENY_ALL, new MsrFilter(denyEach(reachable))]) {
      vm.setMsrFilter(filter);
      const denied = filter === MsrFilter.DENY_ALL
        ? accesses
        : accesses.filter(({ index }) => reachable.includes(index));
      for (const mask of masksWith("filter")) {
        vm.enableUserSpaceMsr(mask);
        const what = `${mask.join("+")} enabled, ${filter}`;
        assertWalk(session, what, denied.map((access) => exits(access, "filter")));
      }
    }
  },
);

clause("X-10", "a denied access that would be invalid exits with reason FILTER", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = bootWalker(vm);
  const { efer, apic_base } = session.vcpu.sregs();
  vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
  const invalid = INVALID.map((access) => exits(access, "inval"));
  assertWalk(session, "no filter, so that KVM itself refuses", invalid);
  for (const filter of [MsrFilter.DENY_ALL, new MsrFilter(denyEach(INVALID_INDICES))]) {
    vm.setMsrFilter(filter);
    for (const mask of masksWith("filter")) {
      vm.enableUserSpaceMsr(mask);
      const what = `${mask.join("+")} enabled, ${filter}`;
      assertWalk(session, what, INVALID.map((access) => exits(access, "filter")));
    }
  }
  const { efer: eferAfter, apic_base: apicBaseAfter } = session.vcpu.sregs();
  assertEquals(
    [eferAfter, apicBaseAfter],
    [efer, apic_base],
    "EFER and APIC_BASE after the writes",
  );
});

clause(
  "X-11",
  "a denied access raises #GP when FILTER is off, also where another reason would apply and is on",
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootWalker(vm);
    const known = KNOWN_MSRS.flatMap(({ index, values: [value] }) => [
      read(index),
      write(index, value),
    ]);
    const unknown = UNKNOWN.flatMap((index) => [read(index), write(index)]);
    const all = [...known, ...unknown, ...INVALID];
    const ranges = [...KNOWN_MSRS.map(({ index }) => index), ...INVALID_INDICES, 0x1fff, 0x2000];
    for (const filter of [MsrFilter.DENY_ALL, new MsrFilter(denyEach(ranges))]) {
      vm.setMsrFilter(filter);
      const denied = filter === MsrFilter.DENY_ALL
        ? all
        : all.filter(({ index }) => ranges.includes(index));
      const masks: MsrExitReason[][] = [[], ["inval"], ["unknown"], ["inval", "unknown"]];
      for (const mask of masks) {
        vm.enableUserSpaceMsr(mask);
        const held = session.vcpu.getMsrs(KNOWN_MSRS.map(({ index }) => index));
        assertWalk(
          session,
          `${mask.join("+") || "nothing"} enabled, ${filter}`,
          denied.map(faults),
        );
        const after = session.vcpu.getMsrs(KNOWN_MSRS.map(({ index }) => index));
        assertEquals(after, held, "what the known MSRs hold after denied writes");
      }
    }
  },
);

clause(
  "X-12",
  "an exit has exactly one reason, also where several apply",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootWalker(vm);
    const several = [
      ...INVALID,
      ...UNKNOWN.flatMap((index) => [read(index), write(index)]),
    ].map((access) => ({ ...access, cause: "filter" as const }));
    const cases = [
      { filter: new MsrFilter(DENIES_SOME), accesses: FAILING_ACCESSES },
      { filter: MsrFilter.DENY_ALL, accesses: several },
    ];
    const BIT = { inval: 1, unknown: 2, filter: 4 } as const;
    for (const { filter, accesses } of cases) {
      vm.setMsrFilter(filter);
      for (const mask of Array.from({ length: 8 }, (_, mask) => mask)) {
        const reasons = MSR_EXIT_REASONS.filter((reason) => mask & BIT[reason]);
        const exiting = accesses.filter(({ cause }) => mask & BIT[cause]);
        vm.enableUserSpaceMsr(reasons);
        const walked = session.walk(exiting, {
          onRdmsr: (exit) => exit.refuse(),
          onWrmsr: (exit) => exit.refuse(),
        });
        const line = (i: number, bits: number | undefined): string =>
          `${exiting[i]!.kind} of ${formatMsr(exiting[i]!.index)}: reason bits ${bits}`;
        assertEquals(
          walked.map(({ exit }, i) => line(i, exit?.reasonMask)),
          exiting.map(({ cause }, i) => line(i, BIT[cause])),
          `${reasons.join("+")} enabled, ${filter}`,
        );
        walked.forEach((access, i) => assertExited(session, access, exiting[i]!.cause));
      }
    }
  },
);
