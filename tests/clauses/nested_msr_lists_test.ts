/**
 * The lists of MSRs that a VMX hypervisor in the guest (L1) has loaded and
 * stored when it enters and leaves its own guest (L2).
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  formatExit,
  Msr,
  type MsrAccessKind,
  type MsrExitReason,
  MsrFilter,
  type MsrListName,
  type MsrValue,
  type Vm,
  VmxHypervisor,
} from "@trapline/trapline";
import { assertWalk, completes, read } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { denyOnly } from "../support/msr_probes.ts";
import { offersVmx } from "../support/nested.ts";

const options = {
  requires: [offersVmx],
  nativeOnly: "VM entry and VM exit execute no RDMSR and no WRMSR",
};

// Of both hardware bitmaps and outside them; none has a VMCS field here that would set it again.
const LISTED: readonly (readonly [index: number, before: bigint, listed: bigint])[] = [
  [Msr.KERNEL_GS_BASE, 0x1000n, 0xffff_8000_1234_5000n],
  [Msr.IA32_MTRR_PHYSBASE0, 0x6n, 0x10_0006n],
  [Msr.KVM_SYSTEM_TIME_NEW, 0x9000n, 0xa000n],
  [Msr.STAR, 0x23_0008_0000_0000n, 0x33_0010_0000_0000n],
];
const INDICES = LISTED.map(([index]) => index);
const BEFORE = LISTED.map(([, before]) => before);
const VALUES = LISTED.map(([, , listed]) => listed);
const LIST = LISTED.map(([index, , listed]): MsrValue => [index, listed]);

const UNTOUCHED = 0xdead_beef_dead_beefn;
const EXIT_REASON_MSR_LOAD_FAIL = 0x8000_0022;

/** Filters that deny `kind` from the entry at `position` on, and not before. */
function denials(kind: MsrAccessKind, position: number): MsrFilter[] {
  const denied = INDICES.slice(position);
  return [
    new MsrFilter(denyOnly(denied[0]!, kind)),
    new MsrFilter({
      default: "allow",
      ranges: denied.map((base) => ({ base, count: 1, deny: "read-write" })),
    }),
    ...(position === 0 ? [MsrFilter.DENY_ALL] : []),
  ];
}

/** Filters that allow `kind` for the whole list. */
function allowing(kind: "read" | "write"): MsrFilter[] {
  const deny = kind === "read" ? "write" : "read";
  return [
    MsrFilter.ALLOW_ALL,
    new MsrFilter({
      default: "allow",
      ranges: INDICES.map((base) => ({ base, count: 1, deny })),
    }),
  ];
}

/** Calls `body` with each filter that denies `kind` for an entry, and where in the list it is. */
function forEachDenial(
  kind: MsrAccessKind,
  body: (filter: MsrFilter, position: number, what: string) => void,
): void {
  INDICES.forEach((_, position) => {
    for (const filter of denials(kind, position)) {
      body(filter, position, `entry ${position + 1} of the list, ${filter}`);
    }
  });
}

/** A guest whose hypervisor has not entered L2 yet, and whose MSRs hold their first values. */
function bootL1(vm: Vm, reasons: readonly MsrExitReason[] = ["filter"]): VmxHypervisor {
  vm.enableUserSpaceMsr(reasons);
  const l1 = VmxHypervisor.boot(vm);
  l1.session.vcpu.setMsrs(LISTED.map(([index, before]) => [index, before]));
  return l1;
}

function holds({ session }: VmxHypervisor, values: readonly bigint[], what: string): void {
  assertEquals(session.vcpu.getMsrs(INDICES), values, `the MSRs of the list, ${what}`);
}

/** Lets the guest read those of the list that L1 does not intercept. */
function sees({ session }: VmxHypervisor, values: readonly bigint[], what: string): void {
  const covered = INDICES.filter((index) => index !== Msr.KVM_SYSTEM_TIME_NEW);
  assertWalk(
    session,
    what,
    covered.map((index) => completes(read(index), values[INDICES.indexOf(index)]!)),
  );
}

/** Asserts that the VM exit of L2 ends the guest. */
function assertAborts(l1: VmxHypervisor, what: string): void {
  assertEquals(formatExit(l1.tryLeave()), "KVM_EXIT_SHUTDOWN (8)", what);
}

clause(
  "F-31",
  "a denied write in the VM-entry MSR-load list fails the VM entry with EXIT_REASON_MSR_LOAD_FAIL",
  options,
  ({ kvm }) => {
    using vm = kvm.createVm();
    const l1 = bootL1(vm);
    l1.setMsrList("entryLoad", LIST);
    forEachDenial("write", (filter, position, what) => {
      l1.session.vcpu.setMsrs(LISTED.map(([index, before]) => [index, before]));
      vm.setMsrFilter(filter);
      const { reason, qualification } = l1.tryEnter() ?? { reason: "none, for L2 runs" };
      assertEquals(reason, EXIT_REASON_MSR_LOAD_FAIL, `the exit reason that L1 reads, ${what}`);
      assertEquals(qualification, BigInt(position + 1), `the exit qualification, ${what}`);
      assertEquals(
        l1.session.vcpu.getMsrs(INDICES.slice(position)),
        BEFORE.slice(position),
        `the MSRs from the denied one on, ${what}`,
      );
    });
    for (const filter of allowing("write")) {
      l1.session.vcpu.setMsrs(LISTED.map(([index, before]) => [index, before]));
      vm.setMsrFilter(filter);
      l1.enter();
      holds(l1, VALUES, `loaded at VM entry under ${filter}`);
      vm.setMsrFilter(MsrFilter.ALLOW_ALL);
      sees(l1, VALUES, `loaded at VM entry under ${filter}`);
      l1.leave();
    }
  },
);

clause(
  "F-32",
  "a denied read in the VM-exit MSR-store list aborts the VM exit, and the guest shuts down",
  options,
  ({ kvm }) => {
    const empty = LIST.map(([index]): MsrValue => [index, UNTOUCHED]);
    for (const filter of allowing("read")) {
      using vm = kvm.createVm();
      const l1 = bootL1(vm);
      l1.setMsrList("exitStore", empty);
      vm.setMsrFilter(filter);
      l1.enter();
      l1.session.vcpu.setMsrs(LIST);
      l1.leave();
      assertEquals(l1.msrList("exitStore", LIST.length), LIST, `what is stored under ${filter}`);
    }
    forEachDenial("read", (filter, position, what) => {
      using vm = kvm.createVm();
      const l1 = bootL1(vm);
      l1.setMsrList("exitStore", empty);
      vm.setMsrFilter(filter);
      l1.enter();
      assertAborts(l1, what);
      const stored = l1.msrList("exitStore", LIST.length).slice(position);
      assertEquals(stored, empty.slice(position), `what is stored from the denied one on, ${what}`);
    });
  },
);

clause(
  "F-33",
  "a denied write in the VM-exit MSR-load list aborts the VM exit, and the guest shuts down",
  options,
  ({ kvm }) => {
    for (const filter of allowing("write")) {
      using vm = kvm.createVm();
      const l1 = bootL1(vm);
      l1.setMsrList("exitLoad", LIST);
      vm.setMsrFilter(filter);
      l1.enter();
      holds(l1, BEFORE, `not loaded before the VM exit, under ${filter}`);
      l1.leave();
      holds(l1, VALUES, `loaded at VM exit under ${filter}`);
      vm.setMsrFilter(MsrFilter.ALLOW_ALL);
      sees(l1, VALUES, `loaded at VM exit under ${filter}`);
    }
    forEachDenial("write", (filter, position, what) => {
      using vm = kvm.createVm();
      const l1 = bootL1(vm);
      l1.setMsrList("exitLoad", LIST);
      vm.setMsrFilter(filter);
      l1.enter();
      assertAborts(l1, what);
      const now = l1.session.vcpu.getMsrs(INDICES.slice(position));
      assertEquals(now, BEFORE.slice(position), `the MSRs from the denied one on, ${what}`);
    });
  },
);

clause(
  "F-34",
  "a denied entry of a list ends as it does without an MSR exit, whichever reasons are enabled",
  options,
  ({ kvm }) => {
    const kinds = { entryLoad: "write", exitStore: "read", exitLoad: "write" } as const;
    for (const reasons of [["filter"], ["inval", "unknown", "filter"], []] as const) {
      for (const [name, kind] of Object.entries(kinds) as [MsrListName, "read" | "write"][]) {
        for (const filter of denials(kind, 0)) {
          using vm = kvm.createVm();
          const l1 = bootL1(vm, reasons);
          l1.setMsrList(name, LIST);
          vm.setMsrFilter(filter);
          const what = `${name}, reasons ${reasons.join(" ") || "none"}, ${filter}`;
          const failure = l1.tryEnter();
          const wanted = name === "entryLoad" ? EXIT_REASON_MSR_LOAD_FAIL : undefined;
          assertEquals(failure?.reason, wanted, `why L1 does not enter L2, ${what}`);
          if (failure === undefined) assertAborts(l1, what);
        }
      }
    }
  },
);

clause(
  "X-92",
  "a denied read of IA32_TSC in the VM-exit MSR-store list aborts the VM exit",
  options,
  ({ kvm }) => {
    const start = (kind: MsrAccessKind): Disposable & { l1: VmxHypervisor } => {
      const vm = kvm.createVm();
      const l1 = bootL1(vm);
      l1.setMsrList("exitStore", [[Msr.IA32_TSC, UNTOUCHED]]);
      vm.setMsrFilter(denyOnly(Msr.IA32_TSC, kind));
      l1.enter();
      return { l1, [Symbol.dispose]: () => vm.close() };
    };
    {
      using allowed = start("write");
      allowed.l1.leave();
      const [stored] = allowed.l1.msrList("exitStore", 1);
      assert(stored![1] !== UNTOUCHED, "the TSC is stored where only writes are denied");
    }
    using denied = start("read");
    assertAborts(denied.l1, "IA32_TSC is in the list, and its reads are denied");
    assertEquals(denied.l1.msrList("exitStore", 1), [[Msr.IA32_TSC, UNTOUCHED]], "what is stored");
  },
);
