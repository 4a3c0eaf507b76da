/**
 * What happens to an MSR that no range matches, before any filter and after
 * the filter is taken away.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  encodeRawMsrFilter,
  ERRNO,
  IOCTL,
  KVM_MSR_FILTER_DEFAULT_ALLOW,
  KVM_MSR_FILTER_DEFAULT_DENY,
  Msr,
  type MsrAccess,
  MsrFilter,
  type MsrFilterSpec,
  type Session,
  type Vm,
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
import { HARMLESS_MSRS, KNOWN_EVERYWHERE, legalValues, msrSample } from "../support/msr_space.ts";

/**
 * Asserts that nothing is filtered: reads and writes of known MSRs do what they
 * do, no read of the sample exits, and no harmless write either.
 */
function assertUnfiltered(session: Session, sample: readonly number[], when: string): void {
  const [first, second] = [legalValues(KNOWN_EVERYWHERE, 0), legalValues(KNOWN_EVERYWHERE, 1)];
  session.vcpu.setMsrs(first);
  assertWalk(session, when, [
    ...first.map(([index, value]) => completes(read(index), value)),
    ...second.map(([index, value]) => completes(write(index, value))),
    ...second.map(([index, value]) => completes(read(index), value)),
    ...sample.map((index) => passes(read(index))),
    ...HARMLESS_MSRS.map((index) => passes(write(index))),
  ]);
  const held = session.vcpu.getMsrs(second.map(([index]) => index));
  assertEquals(held, second.map(([, value]) => value), `MSRs that the guest wrote (${when})`);
}

clause("F-12", "with a default of allow, what no range matches is allowed", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  // Ranges on both sides of the MSRs that must stay allowed, and none on them.
  vm.setMsrFilter({
    default: "allow",
    ranges: KNOWN_EVERYWHERE.flatMap(({ index }) => [
      { base: index - 1, count: 1, deny: "read-write" },
      { base: index + 1, count: 1, deny: "read-write" },
    ]),
  });
  const denied = KNOWN_EVERYWHERE.flatMap(({ index }) => [index - 1, index + 1]);
  const sample = msrSample(kvm).filter((index) => !denied.includes(index));
  assertUnfiltered(session, sample, "default allow, ranges beside it");
  assertWalk(session, "a range denies it", denied.map((index) => exits(read(index))));
});

clause("F-13", "with a default of deny, what no range matches is denied", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  const allowed = Msr.IA32_SYSENTER_ESP;
  const denied = msrSample(kvm).filter((index) => index !== allowed);
  vm.setMsrFilter({ default: "deny", ranges: [{ base: allowed, count: 1, allow: "read-write" }] });
  assertWalk(session, "default deny", [
    ...denied.map((index) => exits(read(index))),
    ...denied
      // Writes to it have a clause of their own, X-75.
      .filter((index) => index !== Msr.IA32_TSC_DEADLINE)
      .map((index) => exits(write(index, 0x0123_4567_89ab_cdefn))),
    completes(write(allowed, 0x5000n)),
    completes(read(allowed), 0x5000n),
  ]);
});

clause("F-23", "before the first filter nothing is filtered", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  assertUnfiltered(session, msrSample(kvm), "no filter was ever set");
  const often = Array.from(
    { length: 50 },
    () => knownAccesses().map((access) => completes(access)),
  );
  assertWalk(session, "asked again and again", often.flat());
});

const DENIALS: readonly (readonly [name: string, filter: MsrFilter | MsrFilterSpec])[] = [
  ["default deny", MsrFilter.DENY_ALL],
  ["default allow, denying ranges", {
    default: "allow",
    ranges: KNOWN_EVERYWHERE.map(({ index }) => ({ base: index, count: 1, deny: "read-write" })),
  }],
];

function knownAccesses(): MsrAccess[] {
  return KNOWN_EVERYWHERE.flatMap(({ index, values }) => [read(index), write(index, values[1])]);
}

/** Sets of ranges that are empty: a slot of no MSRs is not in use, whatever else it says. */
const EMPTY_SETS = {
  "all zeroes": [],
  "16 slots of no MSRs": Array.from({ length: 16 }, (_, i) => ({
    flags: 3,
    nmsrs: 0,
    base: i,
    bitmap: Uint8Array.of(0xff),
  })),
};

clause("F-24", "an empty set with a default of allow ends the filtering", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  const sample = msrSample(kvm);
  for (const [name, filter] of DENIALS) {
    for (const [empty, ranges] of Object.entries(EMPTY_SETS)) {
      vm.setMsrFilter(filter);
      assertWalk(session, name, knownAccesses().map((access) => exits(access)));
      const allow = encodeRawMsrFilter({ flags: KVM_MSR_FILTER_DEFAULT_ALLOW, ranges });
      const result = vm.raw(IOCTL.X86_SET_MSR_FILTER, allow.bytes);
      assertEquals(result, { result: 0, errno: 0 }, `default allow, ${empty}`);
      assertUnfiltered(session, sample, `${empty}, after ${name}`);
    }
  }
});

function assertRefused(vm: Vm): void {
  for (const [name, ranges] of Object.entries(EMPTY_SETS)) {
    const filter = encodeRawMsrFilter({ flags: KVM_MSR_FILTER_DEFAULT_DENY, ranges });
    const result = vm.raw(IOCTL.X86_SET_MSR_FILTER, filter.bytes);
    assertEquals(result, { result: -1, errno: ERRNO.EINVAL }, `default deny, ${name}`);
  }
}

clause("F-25", "an empty set with a default of deny is refused with EINVAL", ({ kvm }) => {
  using vm = kvm.createVm();
  assertRefused(vm);
  const session = bootWalker(vm);
  const accesses = knownAccesses();
  assertWalk(session, "no filter but a refused one", accesses.map((access) => completes(access)));
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  assertRefused(vm);
  assertWalk(session, "default deny and a range", accesses.map((access) => faults(access)));
});
