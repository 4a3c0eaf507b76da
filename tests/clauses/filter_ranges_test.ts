/**
 * Where a range starts and ends, and that a filter has room for 16 of them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  KVM_MSR_FILTER_MAX_RANGES,
  Msr,
  type MsrRange,
  type Session,
  type Vm,
} from "@trapline/trapline";
import {
  assertWalk,
  bootWalker,
  exits,
  type Expectation,
  passes,
  read,
  write,
} from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { presentValue } from "../support/msr_space.ts";

// Apart from each other, so that none governs the neighbours of another. Their
// ends lie on and off the borders of bytes and words of the bitmap, at and
// across the ends of the hardware's bitmaps, and in the spaces beyond them.
const SPANS = [
  { base: 0x0, count: 1 },
  { base: Msr.IA32_SYSENTER_CS, count: 3 },
  { base: Msr.IA32_PAT, count: 1 },
  { base: 0x1ff9, count: 15 },
  { base: 0x20c0, count: 64 },
  { base: 0x4000_0100, count: 0x3000 },
  { base: 0x474f_4f00, count: 65 },
  { base: Msr.KVM_SYSTEM_TIME_NEW, count: 5 },
  { base: 0x9000_0007, count: 63 },
  { base: 0xbfff_ffff, count: 2 },
  { base: Msr.STAR, count: 4 },
  { base: Msr.KERNEL_GS_BASE, count: 1 },
  { base: 0xc000_1ff8, count: 8 },
  { base: Msr.K7_HWCR, count: 1 },
  { base: 0xdead_bee6, count: 9 },
  { base: 0xffff_fff0, count: 15 },
];

type End = (span: { base: number; count: number }) => { inside: number; outside: number };

const FIRST: End = ({ base }) => ({ inside: base, outside: base - 1 });
const LAST: End = ({ base, count }) => ({ inside: base + count - 1, outside: base + count });

/** Wants both kinds of access to be denied, or neither; a write writes what is there. */
function wants(session: Session, index: number, denied: boolean): Expectation[] {
  const want = denied ? exits : passes;
  return [want(read(index)), want(write(index, presentValue(session, index)))];
}

/** Asserts that the ranges govern the MSR inside the `end` and not the one outside. */
function assertEnd(vm: Vm, end: End): void {
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  for (const verdict of ["deny", "allow"] as const) {
    vm.setMsrFilter({
      default: verdict === "deny" ? "allow" : "deny",
      ranges: SPANS.map((span) =>
        verdict === "deny" ? { ...span, deny: "read-write" } : { ...span, allow: "read-write" }
      ),
    });
    const denies = verdict === "deny";
    const ends = SPANS.map(end);
    assertWalk(session, `at the end of a range, and the ranges ${verdict}`, [
      ...ends.flatMap(({ inside }) => wants(session, inside, denies)),
      ...ends.flatMap(({ outside }) => outside < 0 ? [] : wants(session, outside, !denies)),
    ]);
  }
}

clause("F-15", "a range starts at its base", ({ kvm }) => {
  using vm = kvm.createVm();
  assertEnd(vm, FIRST);
});

clause("F-16", "a range ends before base + nmsrs", ({ kvm }) => {
  using vm = kvm.createVm();
  assertEnd(vm, LAST);
});

// Of all spaces; the index after each is in none of the slots.
const ONE_A_SLOT = [
  Msr.IA32_SYSENTER_CS,
  Msr.IA32_PAT,
  0x1fff,
  0x2001,
  0x3fff_ffff,
  0x474f_4f00,
  Msr.KVM_SYSTEM_TIME_NEW,
  0x9000_0000,
  0xbfff_fffe,
  0xc000_0000,
  Msr.SYSCALL_MASK,
  Msr.KERNEL_GS_BASE,
  0xc000_1fff,
  Msr.K7_HWCR,
  0xdead_beef,
  0xffff_fffe,
];

clause("F-14", "a filter takes 16 ranges, and each of them takes effect", ({ kvm }) => {
  assertEquals(ONE_A_SLOT.length, KVM_MSR_FILTER_MAX_RANGES, "ranges of the filter");
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  for (const verdict of ["deny", "allow"] as const) {
    const denies = verdict === "deny";
    for (const order of [ONE_A_SLOT, ONE_A_SLOT.toReversed()]) {
      const ranges = order.map((base): MsrRange =>
        denies ? { base, count: 1, deny: "read-write" } : { base, count: 1, allow: "read-write" }
      );
      vm.setMsrFilter({ default: denies ? "allow" : "deny", ranges });
      assertWalk(session, `the slots ${verdict}, from 0x${order[0]!.toString(16)} on`, [
        ...order.flatMap((index) => wants(session, index, denies)),
        ...order.flatMap((index) => wants(session, index + 1, !denies)),
      ]);
    }
  }
});
