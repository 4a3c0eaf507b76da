/**
 * MSR accesses of a guest's guest (L2): who sees them, the hypervisor in the
 * guest (L1) or user space.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  bootHypervisor,
  type Hypervisor,
  Msr,
  type MsrAccess,
  type MsrAccessKind,
  MsrFilter,
  SvmHypervisor,
  type Vm,
  VmxHypervisor,
} from "@trapline/trapline";
import {
  assertWalk,
  completes,
  exits,
  type Expectation,
  faults,
  read,
  write,
} from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import type { Execution } from "../support/execution.ts";
import { denies, FILTERS, firstValues, inL2, wants } from "../support/l2_filters.ts";
import { msrSample } from "../support/msr_space.ts";
import { offersNesting } from "../support/nested.ts";
import { assertGpGoesToL1 } from "../support/nested_gp.ts";
import { obstacle, reportsUnknownMsrs } from "../support/requirements.ts";

/** Covered by the maps of both vendors, and nobody's MSR. */
const UNKNOWN = 0x1ffe;

/** Whether the MSR map of L1 has bits for the MSR; without them L1 always intercepts. */
function isCovered(l1: Hypervisor, index: number): boolean {
  const ranges = l1 instanceof SvmHypervisor ? [0, 0xc000_0000, 0xc001_0000] : [0, 0xc000_0000];
  return ranges.some((first) => index >= first && index < first + 0x2000);
}

function bothKinds(indices: readonly number[]): MsrAccess[] {
  return indices.flatMap((index) => [read(index), write(index)]);
}

/** Asserts that each filter governs L2 which was there before L1 enters it. */
function assertFiltersL2(vm: Vm, l1: Hypervisor, execution: Execution, what: string): void {
  const held = firstValues(vm, l1, execution);
  for (const [denied, filter] of FILTERS) {
    const circumstances = `${what} ${filter}`;
    vm.enableUserSpaceMsr(["filter"]);
    vm.setMsrFilter(filter);
    inL2(l1, () => assertWalk(l1.session, circumstances, wants(held, denied)));
    vm.enableUserSpaceMsr(["inval", "unknown"]);
    const off = `${circumstances}, FILTER off`;
    inL2(l1, () => assertWalk(l1.session, off, wants(held, denied, faults)));
  }
}

clause(
  "X-90",
  "an access of L2 that L1 does not intercept is filtered, and exits to user space from L2",
  { requires: [offersNesting] },
  ({ kvm, execution }) => {
    using vm = kvm.createVm();
    const l1 = bootHypervisor(vm);
    assertFiltersL2(vm, l1, execution, "of an L2 with an MSR map, under");
    vm.enableUserSpaceMsr(["filter"]);
    vm.setMsrFilter(MsrFilter.DENY_ALL);
    const covered = msrSample(kvm).filter((index) => isCovered(l1, index));
    const denied = bothKinds(covered).map((access) => exits(access));
    inL2(l1, () => assertWalk(l1.session, "of an L2 with an MSR map, all denied", denied));
    assertEquals(l1.takeIntercepted(), [], "the accesses that L1 saw");
    {
      using another = kvm.createVm();
      assertGpGoesToL1(another, bootHypervisor(another));
    }
    // With nothing denied, what KVM does not know exits for that. What is open here must not stay so
    // without a map.
    vm.enableUserSpaceMsr(["unknown"]);
    vm.setMsrFilter(MsrFilter.ALLOW_ALL);
    const unknown = bothKinds([UNKNOWN]).map((access) => exits(access, "unknown"));
    const open = [
      completes(read(Msr.STAR)),
      ...(obstacle([reportsUnknownMsrs]) === undefined ? unknown : []),
    ];
    inL2(l1, () => assertWalk(l1.session, "of an L2 with an MSR map, nothing denied", open));
    if (!(l1 instanceof SvmHypervisor)) return;
    // Without a map, L1 leaves also those MSRs alone that no map covers.
    l1.write({ INTERCEPT_MISC_1: 0 });
    assertFiltersL2(vm, l1, execution, "of an L2 without an MSR map, under");
    vm.enableUserSpaceMsr(["filter"]);
    vm.setMsrFilter(MsrFilter.DENY_ALL);
    const all = bothKinds(msrSample(kvm)).map((access) => exits(access));
    inL2(l1, () => assertWalk(l1.session, "of an L2 without an MSR map, all denied", all));
    assertEquals(l1.takeIntercepted(), [], "the accesses that L1 saw");
  },
);

// What L1 intercepts. No map covers the last ones, which L1 therefore always intercepts.
const INTERCEPTED: readonly (readonly [number, MsrAccessKind])[] = [
  [Msr.IA32_SYSENTER_CS, "read-write"],
  [Msr.IA32_PAT, "read"],
  [0x1fff, "write"],
  [Msr.STAR, "write"],
  [Msr.LSTAR, "read"],
  [Msr.FS_BASE, "read-write"],
  [0xc000_1fff, "read-write"],
];
const UNCOVERED = [0x2000, Msr.KVM_SYSTEM_TIME_NEW, 0x474f_4f00, 0xbfff_ffff, 0xffff_ffff];
const UNTOUCHED = [0x1ffe, Msr.IA32_SYSENTER_EIP, Msr.CSTAR, 0xc000_1ffe];
const ANSWER = 0x1122_3344_5566_7788n;

/** What VMX must have set of the processor-based controls, among which MSR bitmaps are not. */
const IA32_VMX_TRUE_PROCBASED_CTLS = 0x48e;

/** Without MSR bitmaps, L1 on VMX intercepts every access. */
function takeBitmapsAway(l1: VmxHypervisor): void {
  const controls = l1.session.vcpu.getMsr(IA32_VMX_TRUE_PROCBASED_CTLS) & 0xffff_ffffn;
  l1.write({ PRIMARY_CONTROLS: controls });
}

function answeredByL1(access: MsrAccess): Expectation {
  return access.kind === "read" ? completes(access, ANSWER) : completes(access);
}

clause(
  "X-91",
  "an access of L2 that L1 intercepts goes to L1 and not to user space, whatever the filter",
  { requires: [offersNesting] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const l1 = bootHypervisor(vm);
    for (const [index, kind] of INTERCEPTED) l1.intercept(index, kind);
    l1.answerReads(ANSWER);
    const held = l1.session.vcpu.getMsrs([Msr.IA32_SYSENTER_CS, Msr.STAR]);
    const intercepted = [
      ...INTERCEPTED,
      ...UNCOVERED.map((index) => [index, "read-write"] as const),
    ].flatMap(([index, kind]) => [
      ...(denies(kind, "read") ? [read(index)] : []),
      ...(denies(kind, "write") ? [write(index, 0xfeed_0000_0000_0001n + BigInt(index))] : []),
    ]);
    const others = [
      ...INTERCEPTED.flatMap(([index, kind]) => [
        ...(denies(kind, "read") ? [] : [read(index)]),
        ...(denies(kind, "write") ? [] : [write(index, 1n)]),
      ]),
      ...UNTOUCHED.flatMap((index) => [read(index), write(index)]),
    ];
    const toL1 = intercepted.map(answeredByL1);
    vm.enableUserSpaceMsr(["filter", "inval", "unknown"]);
    for (
      const [filter, rest] of [
        [MsrFilter.DENY_ALL, others.map((access) => exits(access))],
        [MsrFilter.ALLOW_ALL, []],
      ] as const
    ) {
      vm.setMsrFilter(filter);
      inL2(l1, () => assertWalk(l1.session, `L1 intercepts, ${filter}`, [...toL1, ...rest]));
      assertEquals(l1.takeIntercepted(), intercepted, `the accesses that L1 saw under ${filter}`);
    }
    assertEquals(
      l1.session.vcpu.getMsrs([Msr.IA32_SYSENTER_CS, Msr.STAR]),
      held,
      "the MSRs that L1 answered for",
    );
    // L1 changes its mind, and what went to it goes to user space. Whether that is so of MSRs that
    // the hardware may let L2 have without an exit, such as FS_BASE, is X-90's to say.
    for (const [index, kind] of INTERCEPTED) l1.intercept(index, kind, false);
    vm.setMsrFilter(MsrFilter.DENY_ALL);
    const left = INTERCEPTED.map(([index]) => index).filter((index) => index !== Msr.FS_BASE);
    const covered = bothKinds(left).map((access) => exits(access));
    inL2(l1, () => assertWalk(l1.session, "L1 no longer intercepts", covered));
    assertEquals(l1.takeIntercepted(), [], "the accesses that L1 saw");
    const sample = msrSample(kvm);
    for (const index of sample) l1.intercept(index, "read-write");
    vm.setMsrFilter(MsrFilter.ALLOW_ALL);
    const all = bothKinds(sample);
    inL2(l1, () => assertWalk(l1.session, "L1 intercepts all", all.map(answeredByL1)));
    assertEquals(l1.takeIntercepted(), all, "the accesses that L1 saw");
    if (!(l1 instanceof VmxHypervisor)) return;
    for (const index of sample) l1.intercept(index, "read-write", false);
    takeBitmapsAway(l1);
    for (const filter of [MsrFilter.DENY_ALL, MsrFilter.ALLOW_ALL]) {
      vm.setMsrFilter(filter);
      const what = `L1 without MSR bitmaps, ${filter}`;
      inL2(l1, () => assertWalk(l1.session, what, all.map(answeredByL1)));
      assertEquals(l1.takeIntercepted(), all, `the accesses that L1 saw, ${what}`);
    }
  },
);
