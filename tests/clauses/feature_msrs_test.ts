/**
 * MSRs of CPU features that KVM hands to the guest when it first uses them, or
 * when user space asks for it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  type CpuidEntry,
  formatMsr,
  Kvm,
  Msr,
  MsrFilter,
  type Session,
  type Vm,
} from "@trapline/trapline";
import {
  assertWalk,
  bootWalker,
  completes,
  exits,
  type Expectation,
  faults,
  passes,
  read,
  write,
} from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import type { Facts } from "../support/facts.ts";
import { denyOnly } from "../support/msr_probes.ts";

/** A feature's MSR. */
interface FeatureMsr {
  readonly index: number;
  /** Writing it is a command: nothing stays, and reading it is a #GP. */
  readonly isCommand: boolean;
  /** What the guest may write that is not 0, or 0 when the supported CPUID has nothing of it. */
  readonly value: (leaf: Leaf) => bigint;
}

/** A leaf of the supported CPUID, zeros where it has none. */
type Leaf = (number: number, index?: number) => Pick<CpuidEntry, "eax" | "ebx" | "ecx" | "edx">;

function bit(register: number, number: number): bigint {
  return BigInt(register >>> number & 1);
}

/** The feature's bit for Intel, or the one for AMD. */
function eitherBit(leaf: Leaf, intel: number, amd: number): bigint {
  return bit(leaf(7).edx, intel) | bit(leaf(0x8000_0008).ebx, amd);
}

const XSAVES = 3;
const XFD = 4;

const FEATURE_MSRS: readonly FeatureMsr[] = [
  { index: Msr.IA32_SPEC_CTRL, isCommand: false, value: (leaf) => eitherBit(leaf, 26, 14) },
  { index: Msr.IA32_PRED_CMD, isCommand: true, value: (leaf) => eitherBit(leaf, 26, 12) },
  { index: Msr.IA32_FLUSH_CMD, isCommand: true, value: (leaf) => bit(leaf(7).edx, 28) },
  {
    index: Msr.IA32_XSS,
    isCommand: false,
    value: (leaf) => bit(leaf(0xd, 1).eax, XSAVES) * BigInt(leaf(0xd, 1).ecx),
  },
  {
    // The tiles of AMX are the one state that a guest can be kept from.
    index: Msr.IA32_XFD,
    isCommand: false,
    value: (leaf) => (bit(leaf(0xd, 1).eax, XFD) & bit(leaf(0xd).eax, 18)) << 18n,
  },
];

/** What of the features this KVM offers, with the value to write. */
function offered(kvm: Kvm): { index: number; isCommand: boolean; value: bigint }[] {
  const leaf: Leaf = (number, index = 0) =>
    kvm.supportedCpuid().find((entry) => entry.function === number && entry.index === index) ??
      { eax: 0, ebx: 0, ecx: 0, edx: 0 };
  return FEATURE_MSRS.map((msr) => ({ ...msr, value: msr.value(leaf) }))
    .filter(({ value }) => value !== 0n);
}

function offersOne(): string | undefined {
  using kvm = Kvm.open();
  if (offered(kvm).length > 0) return undefined;
  const names = FEATURE_MSRS.map(({ index }) => formatMsr(index));
  return `the supported CPUID has none of ${names.join(", ")}`;
}

/** Uses the MSR freely: as a command, or by writing and reading it. */
function assertFree(session: Session, msr: ReturnType<typeof offered>[number], when: string): void {
  const { index, isCommand, value } = msr;
  const writing = completes(write(index, value));
  // A KVM that only pretends to have the MSR keeps nothing in it.
  const wanted = isCommand
    ? [writing, faults(read(index)), writing]
    : [writing, passes(read(index)), writing];
  assertWalk(session, when, wanted);
}

clause(
  "X-82",
  "MSRs that are handed over at their first use are filtered before that use and after it",
  { requires: [offersOne] },
  ({ kvm }) => {
    for (const msr of offered(kvm)) {
      const { index, isCommand, value } = msr;
      using vm = kvm.createVm();
      vm.enableUserSpaceMsr(["filter"]);
      const session = bootWalker(vm);
      const reading: Expectation = isCommand ? faults(read(index)) : passes(read(index));
      const denied = [exits(read(index)), exits(write(index, value)), exits(write(index))];
      for (const when of ["before its first use", "after it was used", "after it was used again"]) {
        vm.setMsrFilter(denyOnly(index, "read-write"));
        assertWalk(session, `denied ${when}`, denied);
        vm.setMsrFilter(denyOnly(index, "write"));
        const before = isCommand ? 0n : session.vcpu.getMsr(index);
        assertWalk(session, `writes denied ${when}`, [exits(write(index, value)), reading]);
        if (!isCommand) assertEquals(session.vcpu.getMsr(index), before, `writes denied ${when}`);
        vm.setMsrFilter(denyOnly(index, "read"));
        const reads = [exits(read(index)), completes(write(index, value)), exits(read(index))];
        assertWalk(session, `reads denied ${when}`, reads);
        vm.setMsrFilter(MsrFilter.ALLOW_ALL);
        assertFree(session, msr, `allowed, ${when}`);
      }
      vm.setMsrFilter(MsrFilter.DENY_ALL);
      assertWalk(session, "denied by default", denied);
      assertWalk(bootWalker(vm), "denied by default, on a vCPU made then", denied);
    }
  },
);

const LAST_BRANCHES = [
  Msr.LAST_BRANCH_FROM_IP,
  Msr.LAST_BRANCH_TO_IP,
  Msr.LAST_INT_FROM_IP,
  Msr.LAST_INT_TO_IP,
];
const LBR = 1n;

function virtualizesLastBranches({ vendorModule, host }: Facts): string | undefined {
  return vendorModule === "kvm_amd" && host.cpuFlags.has("lbrv")
    ? undefined
    : "there is no kvm_amd on a CPU that virtualizes last-branch records (lbrv)";
}

clause(
  "X-83",
  "AMD's last-branch records exit when they are denied after they were handed to the guest",
  { requires: [virtualizesLastBranches] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["filter"]);
    const session = bootWalker(vm);
    const reads = LAST_BRANCHES.map((index) => read(index));
    // Recording branches is what hands the records over.
    const recording = [
      completes(write(Msr.IA32_DEBUGCTL, LBR)),
      ...reads.map((one) => passes(one)),
    ];
    for (const when of ["for the first time", "again"]) {
      assertWalk(session, `recording branches ${when}`, recording);
      for (const index of LAST_BRANCHES) {
        vm.setMsrFilter(denyOnly(index, "read"));
        const wanted = reads.map((one) => one.index === index ? exits(one) : passes(one));
        assertWalk(session, `${formatMsr(index)} denied ${when}`, wanted);
      }
      vm.setMsrFilter(MsrFilter.DENY_ALL);
      assertWalk(session, `all denied ${when}`, reads.map((one) => exits(one)));
      vm.setMsrFilter(MsrFilter.ALLOW_ALL);
    }
    assertWalk(session, "all allowed", [...recording, completes(write(Msr.IA32_DEBUGCTL))]);
  },
);

/** `KVM_X86_DISABLE_EXITS_APERFMPERF`. */
const DISABLE_EXITS_APERFMPERF = 1 << 4;

function handsOverPerformance(): string | undefined {
  using kvm = Kvm.open();
  return (kvm.checkExtension("X86_DISABLE_EXITS") & DISABLE_EXITS_APERFMPERF) !== 0
    ? undefined
    : "KVM_CAP_X86_DISABLE_EXITS does not offer APERF and MPERF";
}

function performanceVm(kvm: Kvm): Vm {
  const vm = kvm.createVm();
  vm.enableCap("X86_DISABLE_EXITS", [BigInt(DISABLE_EXITS_APERFMPERF)]);
  vm.enableUserSpaceMsr(["filter"]);
  return vm;
}

clause(
  "X-84",
  "APERF and MPERF obey the filter when user space had them handed to the guest",
  {
    requires: [handsOverPerformance],
    nativeOnly: "the CPU alone reads these: KVM's emulator does not know them",
  },
  ({ kvm }) => {
    const counters = [Msr.IA32_MPERF, Msr.IA32_APERF];
    using vm = performanceVm(kvm);
    const session = bootWalker(vm);
    // Only reads are handed over.
    const free = counters.map((index) => completes(read(index)));
    assertWalk(session, "before any filter", free);
    for (const when of ["for the first time", "again"]) {
      for (const index of counters) {
        vm.setMsrFilter(denyOnly(index, "read"));
        const wanted = counters.map((each) =>
          each === index ? exits(read(each)) : completes(read(each))
        );
        assertWalk(session, `${formatMsr(index)} denied ${when}`, wanted);
        vm.setMsrFilter(denyOnly(index, "write"));
        assertWalk(session, `writes denied ${when}`, [...free, exits(write(index, 1n))]);
      }
      vm.setMsrFilter(MsrFilter.DENY_ALL);
      const denied = counters.map((index) => exits(read(index)));
      assertWalk(session, `all denied ${when}`, denied);
      assertWalk(bootWalker(vm), `all denied ${when}, on a vCPU made then`, denied);
      vm.setMsrFilter(MsrFilter.ALLOW_ALL);
      assertWalk(session, `all allowed ${when}`, free);
    }
  },
);
