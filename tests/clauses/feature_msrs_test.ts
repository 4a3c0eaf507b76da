/**
 * MSRs of CPU features that KVM hands to the guest when it first uses them, or
 * when user space asks for it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { formatMsr, Kvm, Msr, MsrFilter, type Session } from "@trapline/trapline";
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
import {
  bootFor,
  FEATURE_MSRS,
  type Offer,
  offered,
  takesSpecCtrl,
} from "../support/feature_msrs.ts";
import { assertReadsObey, DISABLE_EXITS, vmWithout } from "../support/handed_over_reads.ts";
import { denyOnly } from "../support/msr_probes.ts";

function offersOne(): string | undefined {
  using kvm = Kvm.open();
  if (takesSpecCtrl(kvm) || offered(kvm).length > 0) return undefined;
  const names = FEATURE_MSRS.map(({ index }) => formatMsr(index));
  return `KVM gives no guest one of ${names.join(", ")}`;
}

/** Uses the MSR freely: as a command, or by writing and reading it. */
function assertFree(session: Session, msr: Offer, when: string): void {
  const { index, isCommand, value } = msr;
  const writing = completes(write(index, value));
  // A KVM that only pretends to have the MSR keeps nothing in it.
  const wanted = isCommand
    ? [writing, faults(read(index)), writing]
    : [writing, passes(read(index)), writing];
  assertWalk(session, when, wanted);
}

/** A write by the host hands SPEC_CTRL over as one by the guest does. */
function assertHostHandsNothingOver(kvm: Kvm): void {
  const index = Msr.IA32_SPEC_CTRL;
  for (const denied of ["read-write", "read", "write"] as const) {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["filter"]);
    const accesses = [read(index), write(index)]
      .filter(({ kind }) => denied === kind || denied === "read-write");
    for (const filter of [denyOnly(index, denied), MsrFilter.DENY_ALL]) {
      vm.setMsrFilter(filter);
      const session = bootWalker(vm);
      for (const when of ["for the first time", "again"]) {
        session.vcpu.setMsrs([[index, 0n]]);
        session.vcpu.setMsrs([[index, 1n]]);
        const wanted = accesses.map((access) => exits(access));
        assertWalk(session, `${denied} denied, the host wrote it ${when}`, wanted);
        if (denied !== "read") assertEquals(session.vcpu.getMsr(index), 1n, "what the host wrote");
      }
    }
  }
}

clause(
  "X-82",
  "MSRs that are handed over at their first use are filtered before that use and after it",
  { requires: [offersOne] },
  ({ kvm }) => {
    if (takesSpecCtrl(kvm)) assertHostHandsNothingOver(kvm);
    for (const msr of offered(kvm)) {
      const { index, isCommand, value } = msr;
      using vm = kvm.createVm();
      vm.enableUserSpaceMsr(["filter"]);
      const session = bootFor(vm, msr);
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
      assertWalk(bootFor(vm, msr), "denied by default, on a vCPU made then", denied);
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
    for (const index of LAST_BRANCHES) {
      session.vcpu.setMsrs([[Msr.IA32_DEBUGCTL, 0n]]);
      vm.setMsrFilter(denyOnly(index, "read"));
      session.vcpu.setMsrs([[Msr.IA32_DEBUGCTL, LBR]]);
      const wanted = reads.map((one) => one.index === index ? exits(one) : passes(one));
      assertWalk(session, `${formatMsr(index)} denied, then the host began to record`, wanted);
    }
    vm.setMsrFilter(MsrFilter.ALLOW_ALL);
    assertWalk(session, "all allowed", [...recording, completes(write(Msr.IA32_DEBUGCTL))]);
  },
);

function handsOverPerformance(): string | undefined {
  using kvm = Kvm.open();
  return (kvm.checkExtension("X86_DISABLE_EXITS") & DISABLE_EXITS.aperfmperf) !== 0
    ? undefined
    : "KVM_CAP_X86_DISABLE_EXITS does not offer APERF and MPERF";
}

clause(
  "X-84",
  "APERF and MPERF obey the filter when user space had them handed to the guest",
  {
    requires: [handsOverPerformance],
    nativeOnly: "the CPU alone reads these: KVM's emulator does not know them",
  },
  ({ kvm }) => {
    using vm = vmWithout(kvm, DISABLE_EXITS.aperfmperf);
    // Only reads are handed over.
    assertReadsObey(vm, [Msr.IA32_MPERF, Msr.IA32_APERF].map((index) => completes(read(index))));
  },
);
