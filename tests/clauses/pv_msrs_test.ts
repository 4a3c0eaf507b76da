/**
 * KVM's own paravirtual MSRs (Documentation/virt/kvm/x86/msr.rst and
 * hypercalls.rst): a filter governs them before KVM does.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  asm64,
  assertMsrExit,
  formatMsr,
  type Kvm,
  Msr,
  MsrFilter,
  Session,
} from "@trapline/trapline";
import {
  assertWalk,
  bootWalker,
  completes,
  exits,
  faults,
  passes,
  read,
  write,
} from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { fillPage } from "../support/filled_page.ts";
import { capability } from "../support/requirements.ts";

const FEATURES_LEAF = 0x4000_0001;
const FEATURE_MIGRATION_CONTROL = 1 << 17;

const LEGACY = [Msr.KVM_WALL_CLOCK, Msr.KVM_SYSTEM_TIME];
const CURRENT = Array.from({ length: 9 }, (_, i) => Msr.KVM_WALL_CLOCK_NEW + i);

/** A guest that is told of MSR_KVM_MIGRATION_CONTROL in CPUID, or not. */
function bootMigratable(kvm: Kvm, announced: boolean): Session {
  const vm = kvm.createVm();
  const session = Session.boot(vm, asm64`jmp finish`);
  session.vcpu.setCpuid(vm.supportedCpuid.map((entry) => {
    if (entry.function !== FEATURES_LEAF) return entry;
    const others = entry.eax & ~FEATURE_MIGRATION_CONTROL;
    return { ...entry, eax: (announced ? others | FEATURE_MIGRATION_CONTROL : others) >>> 0 };
  }));
  return session;
}

clause(
  "F-42",
  "a filter lets user space process writes to MSR_KVM_MIGRATION_CONTROL",
  ({ kvm }) => {
    const index = Msr.KVM_MIGRATION_CONTROL;
    for (const announced of [true, false]) {
      const session = bootMigratable(kvm, announced);
      using vm = session.vm;
      const circumstances = `the feature is ${announced ? "" : "not "}in CPUID`;
      vm.enableUserSpaceMsr(["filter"]);
      assertWalk(session, `${circumstances}, no filter`, [passes(write(index, 1n))]);
      vm.setMsrFilter({ default: "allow", ranges: [{ base: index, count: 1, deny: "write" }] });
      const written: bigint[] = [];
      const values = [1n, 0n, 1n, 0xfedc_ba98_7654_3210n];
      const walked = session.walk(values.map((value) => write(index, value)), {
        onWrmsr: (exit) => {
          assertMsrExit(session, exit, { index, reasons: ["filter"] });
          written.push(exit.data);
          exit.acknowledge();
        },
      });
      assertEquals(written, values, `what user space is given (${circumstances})`);
      assertEquals(walked.map(({ fault }) => fault), values.map(() => undefined), circumstances);
      assertWalk(session, circumstances, values.map((value) => exits(write(index, value))));
      // User space keeps what the guest says of itself.
      vm.setMsrFilter({
        default: "allow",
        ranges: [{ base: index, count: 1, deny: "read-write" }],
      });
      let ready = 0n;
      const kept = session.walk([write(index, 1n), read(index), write(index, 0n), read(index)], {
        onWrmsr: (exit) => {
          ready = exit.data;
          exit.acknowledge();
        },
        onRdmsr: (exit) => exit.supply(ready),
      });
      assertEquals(kept.map(({ value }) => value), [undefined, 1n, undefined, 0n], circumstances);
    }
  },
);

/** MSRs that make KVM write to the address that they are given; the clocks do so at once. */
const WRITERS = [
  Msr.KVM_WALL_CLOCK,
  Msr.KVM_SYSTEM_TIME,
  Msr.KVM_WALL_CLOCK_NEW,
  Msr.KVM_SYSTEM_TIME_NEW,
  Msr.KVM_STEAL_TIME,
];
const CLOCKS = WRITERS.slice(0, -1);
const ENABLED = 1n;
const AREA = 0x2_0000;
const OFF = 0x9000n;

function isWallClock(index: number): boolean {
  return index === Msr.KVM_WALL_CLOCK || index === Msr.KVM_WALL_CLOCK_NEW;
}

/** Asserts that a write that is denied turns nothing on, and that one that is allowed does. */
function assertPagesUntouched(kvm: Kvm): void {
  for (const index of WRITERS) {
    using vm = kvm.createVm();
    const session = bootWalker(vm);
    const page = fillPage(vm, AREA);
    const enabling = write(index, isWallClock(index) ? page.gpa : page.gpa | ENABLED);
    const before = session.vcpu.getMsr(index);
    for (
      const filter of [
        new MsrFilter({ default: "allow", ranges: [{ base: index, count: 1, deny: "write" }] }),
        MsrFilter.DENY_ALL,
      ]
    ) {
      vm.setMsrFilter(filter);
      for (const want of [faults, exits]) {
        vm.enableUserSpaceMsr(want === faults ? [] : ["filter"]);
        // The second walk enters the guest again, where KVM would bring the page up to date.
        for (let i = 0; i < 2; i++) assertWalk(session, `${filter}`, [want(enabling)]);
        assert(
          page.isUntouched(),
          `The page is untouched after a denied write to ${formatMsr(index)}`,
        );
        assertEquals(
          session.vcpu.getMsr(index),
          before,
          `${formatMsr(index)} after a denied write`,
        );
      }
    }
    if (!CLOCKS.includes(index)) continue;
    vm.setMsrFilter({ default: "deny", ranges: [{ base: index, count: 1, allow: "write" }] });
    assertWalk(session, "the write is allowed", [completes(enabling)]);
    assert(
      !page.isUntouched(),
      `The page is written after an allowed write to ${formatMsr(index)}`,
    );
  }
}

clause(
  "X-77",
  "KVM's paravirtual MSRs can be filtered; a denied write to one has no effect on guest memory",
  { requires: [capability("CLOCKSOURCE")] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootWalker(vm);
    const all = [...LEGACY, ...CURRENT];
    const spans = [{ base: LEGACY[0]!, count: 2 }, { base: CURRENT[0]!, count: 9 }];
    const accesses = { read: all.map(read), write: all.map((index) => write(index, 0n)) };
    for (const kind of ["read", "write"] as const) {
      const other = kind === "read" ? "write" : "read";
      vm.setMsrFilter({
        default: "allow",
        ranges: spans.map((span) => ({ ...span, deny: kind })),
      });
      for (const want of [faults, exits]) {
        vm.enableUserSpaceMsr(want === faults ? [] : ["filter"]);
        session.vcpu.setMsrs([[Msr.KVM_SYSTEM_TIME_NEW, OFF]]);
        assertWalk(session, `${kind} of all denied`, [
          kind === "read"
            ? completes(write(Msr.KVM_SYSTEM_TIME_NEW, OFF))
            : completes(read(Msr.KVM_SYSTEM_TIME_NEW), OFF),
          ...accesses[kind].map((access) => want(access)),
          ...accesses[other].map(passes),
        ]);
      }
    }
    vm.setMsrFilter(MsrFilter.DENY_ALL);
    assertWalk(
      session,
      "default deny",
      [...accesses.read, ...accesses.write].map((access) => exits(access)),
    );
    assertPagesUntouched(kvm);
  },
);
