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
  MsrRefusedError,
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
import { KNOWN_MSRS, type KnownMsr } from "../support/msr_probes.ts";
import { msrSample } from "../support/msr_space.ts";
import { offersNesting } from "../support/nested.ts";
import { assertGpGoesToL1 } from "../support/nested_gp.ts";

// Of both ranges that both vendors' maps cover. The hardware may let L2 have
// those of the second row without an exit to KVM.
const MSRS: readonly KnownMsr[] = [
  ...KNOWN_MSRS,
  { index: Msr.FS_BASE, values: [0x1000n, 0x2000n] },
  { index: Msr.GS_BASE, values: [0x3000n, 0xffff_8000_0000_1000n] },
  { index: Msr.STAR, values: [0x23_0008_0000_0000n, 0x33_0010_0000_0000n] },
  { index: Msr.LSTAR, values: [0x1234_5000n, 0x2345_6000n] },
];

/** A guest that is in L2 is told so by its hypercall, which nobody but L1 answers. */
function inL2(l1: Hypervisor, body: () => void): void {
  l1.enter();
  body();
  l1.leave();
}

/** Whether the MSR map of L1 has bits for the MSR; without them L1 always intercepts. */
function isCovered(l1: Hypervisor, index: number): boolean {
  const ranges = l1 instanceof SvmHypervisor ? [0, 0xc000_0000, 0xc001_0000] : [0, 0xc000_0000];
  return ranges.some((first) => index >= first && index < first + 0x2000);
}

function bothKinds(indices: readonly number[]): MsrAccess[] {
  return indices.flatMap((index) => [read(index), write(index)]);
}

function denies(denied: MsrAccessKind | "nothing", kind: "read" | "write"): boolean {
  return denied === kind || denied === "read-write";
}

/** What the MSRs hold, as far as L2 has written it. */
type Held = Map<number, bigint>;

/** The MSRs that can be accessed in this way: some that the hardware has, old emulators do not. */
function accessible({ session }: Hypervisor, execution: Execution): readonly KnownMsr[] {
  if (execution === "native") return MSRS;
  return MSRS.filter(({ index }) => {
    try {
      session.vcpu.getMsr(index);
      return true;
    } catch (error) {
      if (error instanceof MsrRefusedError) return false;
      throw error;
    }
  });
}

/** Lets L2 write the first values, which stay L2's however often it is left and entered. */
function firstValues(vm: Vm, l1: Hypervisor, execution: Execution): Held {
  const msrs = accessible(l1, execution);
  vm.setMsrFilter(MsrFilter.ALLOW_ALL);
  const writes = msrs.map(({ index, values }) => completes(write(index, values[0])));
  inL2(l1, () => assertWalk(l1.session, "of an L2 without a filter", writes));
  return new Map(msrs.map(({ index, values }) => [index, values[0]]));
}

/** Wants of a read, a write and a read of each MSR what a filter makes of it that denies `denied`. */
function wants(
  held: Held,
  denied: MsrAccessKind | "nothing",
  refused: (access: MsrAccess) => Expectation = exits,
): Expectation[] {
  return MSRS.filter(({ index }) => held.has(index)).flatMap(({ index, values }) => {
    const reads = (): Expectation =>
      denies(denied, "read") ? refused(read(index)) : completes(read(index), held.get(index)!);
    const before = reads();
    const other = values.find((value) => value !== held.get(index))!;
    if (denies(denied, "write")) return [before, refused(write(index, other)), reads()];
    held.set(index, other);
    return [before, completes(write(index, other)), reads()];
  });
}

const FILTERS: readonly (readonly [MsrAccessKind | "nothing", MsrFilter])[] = [
  ["nothing", MsrFilter.ALLOW_ALL],
  ...(["read", "write", "read-write"] as const).map((kind) =>
    [
      kind,
      new MsrFilter({
        default: "allow",
        ranges: MSRS.map(({ index }) => ({ base: index, count: 1, deny: kind })),
      }),
    ] as const
  ),
  ["nothing", new MsrFilter({ default: "allow" })],
  ["read-write", MsrFilter.DENY_ALL],
  [
    "nothing",
    new MsrFilter({
      default: "deny",
      ranges: MSRS.map(({ index }) => ({ base: index, count: 1, allow: "read-write" })),
    }),
  ],
];

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

clause(
  "X-97",
  "a filter that is set while the guest is in L2 governs the next access of L2",
  { requires: [offersNesting] },
  ({ kvm, execution }) => {
    using vm = kvm.createVm();
    const l1 = bootHypervisor(vm);
    vm.enableUserSpaceMsr(["filter"]);
    const held = firstValues(vm, l1, execution);
    inL2(l1, () => {
      for (const [denied, filter] of FILTERS) {
        vm.setMsrFilter(filter);
        assertWalk(l1.session, `of an L2 that ran before ${filter}`, wants(held, denied));
      }
    });
  },
);

clause(
  "X-114",
  "a filter that was set while the guest was in L2 governs L2 at the latest when it is entered again",
  { requires: [offersNesting] },
  ({ kvm, execution }) => {
    using vm = kvm.createVm();
    const l1 = bootHypervisor(vm);
    vm.enableUserSpaceMsr(["filter"]);
    const held = firstValues(vm, l1, execution);
    for (const [denied, filter] of FILTERS) {
      // The vCPU is in L2 when KVM sees the change: it runs on to the hypercall by which it leaves.
      inL2(l1, () => vm.setMsrFilter(filter));
      const circumstances = `of an L2 that was entered again after ${filter}`;
      inL2(l1, () => assertWalk(l1.session, circumstances, wants(held, denied)));
    }
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
