/**
 * What becomes of a denied access: an exit or a #GP, as user space has chosen,
 * and never the access itself.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  assertGp,
  assertMsrExit,
  assertNoFault,
  assertValue,
  formatMsr,
  guest,
  Msr,
  MSR_EXIT_REASONS,
  type MsrAccess,
  type MsrExitReason,
  MsrFilter,
  Session,
  type Vm,
} from "@trapline/trapline";
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
import { HARMLESS_MSRS, KNOWN_EVERYWHERE, legalValues } from "../support/msr_space.ts";

/** Reads and writes of known MSRs, and of others in every space. */
const ACCESSES: readonly MsrAccess[] = [
  ...KNOWN_EVERYWHERE.flatMap(({ index, values }) => [read(index), write(index, values[1])]),
  ...HARMLESS_MSRS.flatMap((index) => [read(index), write(index, 0x0123_4567_89ab_cdefn)]),
];

function masksWith(reason: MsrExitReason): MsrExitReason[][] {
  return allMasks().filter((mask) => mask.includes(reason));
}

function masksWithout(reason: MsrExitReason): MsrExitReason[][] {
  return allMasks().filter((mask) => !mask.includes(reason));
}

function allMasks(): MsrExitReason[][] {
  return Array.from(
    { length: 8 },
    (_, mask) => MSR_EXIT_REASONS.filter((_, bit) => mask & (1 << bit)),
  );
}

function denyingVm(vm: Vm): Session {
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  return bootWalker(vm);
}

clause("F-17", "a denied access exits when the filter reason is enabled", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  vm.enableUserSpaceMsr(["filter"]);
  const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
  const rdmsr = session.next("X86_RDMSR");
  assertMsrExit(session, rdmsr, { index: Msr.IA32_SYSENTER_CS, reasons: ["filter"] });
  rdmsr.supply(0xfeed_0000_beef_0000n);
  assertValue(session, session.finish(), 0xfeed_0000_beef_0000n);

  session.load(guest.wrmsr(Msr.IA32_SYSENTER_CS, 0x18n));
  const wrmsr = session.next("X86_WRMSR");
  assertMsrExit(session, wrmsr, {
    index: Msr.IA32_SYSENTER_CS,
    reasons: ["filter"],
    data: 0x18n,
  });
  wrmsr.acknowledge();
  assertNoFault(session, session.finish());

  for (const mask of masksWith("filter")) {
    vm.enableUserSpaceMsr(mask);
    const circumstances = `default deny, reasons ${mask.join("+")}`;
    assertWalk(session, circumstances, ACCESSES.map((access) => exits(access)));
  }
});

clause("F-18", "a denied access is a #GP when the filter reason is not enabled", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
  assertGp(session, session.finish(), { rip: session.symbol("rdmsr") });
  session.load(guest.wrmsr(Msr.IA32_SYSENTER_CS, 0x18n));
  assertGp(session, session.finish(), { rip: session.symbol("wrmsr") });

  for (const mask of masksWithout("filter")) {
    vm.enableUserSpaceMsr(mask);
    const circumstances = `default deny, reasons ${mask.join("+") || "none"}`;
    assertWalk(session, circumstances, ACCESSES.map(faults));
  }
});

clause("F-19", "a denied access is not performed", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = denyingVm(vm);
  const present = legalValues(KNOWN_EVERYWHERE, 0);
  const wanted = legalValues(KNOWN_EVERYWHERE, 1);
  session.vcpu.setMsrs(present);
  const assertUnchanged = (after: string): void => {
    for (const [index, value] of present) {
      const name = `${formatMsr(index)} after a denied write that ${after}`;
      assertEquals(session.vcpu.getMsr(index), value, name);
    }
  };
  for (const mask of [[], ["filter"]] as const) {
    vm.enableUserSpaceMsr(mask);
    const want = mask.length === 0 ? faults : exits;
    const after = mask.length === 0 ? "raised #GP" : "was acknowledged, then refused";
    // What an exit supplies is what the guest reads, and not what the MSR holds.
    assertWalk(session, "default deny", present.map(([index]) => want(read(index))));
    assertWalk(session, "default deny", wanted.map(([index, value]) => want(write(index, value))));
    assertUnchanged(after);
  }
  for (const [index, value] of wanted) {
    session.load(guest.wrmsr(index, value));
    session.next("X86_WRMSR").acknowledge();
    assertNoFault(session, session.finish());
  }
  assertUnchanged("was acknowledged");
  vm.setMsrFilter(MsrFilter.ALLOW_ALL);
  const reads = present.map(([index, value]) => completes(read(index), value));
  assertWalk(session, "the filter is gone", reads);
});

clause("F-38", "a filter that denies raises #GP until the filter reason is enabled", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = denyingVm(vm);
  assertWalk(session, "filter set, no reason enabled", ACCESSES.map(faults));
  vm.enableUserSpaceMsr(["filter"]);
  assertWalk(
    session,
    "filter reason enabled after the filter",
    ACCESSES.map((access) => exits(access)),
  );
});

clause(
  "F-39",
  "with the filter reason disabled again, the filter denies with #GP until it is removed",
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["filter"]);
    const session = denyingVm(vm);
    const values = legalValues(KNOWN_EVERYWHERE, 1);
    session.vcpu.setMsrs(values);
    for (const mask of [[], ["inval", "unknown"]] as const) {
      vm.enableUserSpaceMsr(["filter"]);
      assertWalk(session, "filter reason enabled", ACCESSES.map((access) => exits(access)));
      vm.enableUserSpaceMsr(mask);
      const circumstances = `filter reason disabled, reasons ${mask.join("+") || "none"}`;
      assertWalk(session, circumstances, ACCESSES.map(faults));
    }
    vm.setMsrFilter(MsrFilter.ALLOW_ALL);
    assertWalk(
      session,
      "filter removed",
      values.map(([index, value]) => completes(read(index), value)),
    );
    assertWalk(
      session,
      "filter removed",
      values.map(([index, value]) => completes(write(index, value))),
    );
  },
);
