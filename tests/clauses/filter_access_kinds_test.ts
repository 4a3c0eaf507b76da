/**
 * Which accesses a range governs: READ, WRITE or both, allowed by a set bit and
 * denied by a clear one.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  type Kvm,
  Msr,
  type MsrAccessKind,
  msrBitmap,
  type MsrRange,
  type Session,
  type Vm,
} from "@trapline/trapline";
import { assertWalk, bootWalker, completes, exits, read, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { HARMLESS_MSRS, KNOWN_EVERYWHERE, legalValues } from "../support/msr_space.ts";

const KNOWN = KNOWN_EVERYWHERE.map(({ index }) => index);
// A filter has 16 ranges, and none of them can reach the last index.
const DENIABLE = [...KNOWN, ...HARMLESS_MSRS.filter((index) => index !== 0xffff_ffff)].slice(0, 16);

/** A range in which one MSR is picked out, and another that is not. */
const MIXED = [
  { base: 0x170, count: 0x10, picked: Msr.IA32_SYSENTER_CS, other: Msr.IA32_SYSENTER_ESP },
  { base: 0xc000_0080, count: 0x90, picked: Msr.KERNEL_GS_BASE, other: Msr.SYSCALL_MASK },
  {
    base: Msr.KVM_WALL_CLOCK_NEW,
    count: 8,
    picked: Msr.KVM_SYSTEM_TIME_NEW,
    other: Msr.KVM_WALL_CLOCK_NEW,
  },
];

function singles(
  verdict: "deny" | "allow",
  kind: MsrAccessKind,
  indices: readonly number[],
): MsrRange[] {
  return indices.map((base) =>
    verdict === "deny" ? { base, count: 1, deny: kind } : { base, count: 1, allow: kind }
  );
}

function mixed(verdict: "deny" | "allow", access: MsrAccessKind): MsrRange[] {
  return MIXED.map(({ base, count, picked }) => {
    const offsets = Array.from({ length: count }, (_, i) => i)
      .filter((i) => (base + i === picked) === (verdict === "allow"));
    return { base, count, access, bitmap: msrBitmap(count, offsets) };
  });
}

function filteringGuest(kvm: Kvm): { vm: Vm; session: Session } & Disposable {
  const vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  return { vm, session: bootWalker(vm), [Symbol.dispose]: () => vm.close() };
}

/** Asserts that the guest reads, without an exit, what the host has put there. */
function assertReadsWork(session: Session, circumstances: string): void {
  for (const which of [0, 1] as const) {
    const values = legalValues(KNOWN_EVERYWHERE, which);
    session.vcpu.setMsrs(values);
    const reads = values.map(([index, value]) => completes(read(index), value));
    assertWalk(session, circumstances, reads);
  }
}

/** Asserts that the host finds what the guest wrote without an exit. */
function assertWritesWork(session: Session, circumstances: string): void {
  for (const which of [0, 1] as const) {
    const values = legalValues(KNOWN_EVERYWHERE, which);
    assertWalk(session, circumstances, values.map((value) => completes(write(...value))));
    const held = session.vcpu.getMsrs(KNOWN).map((value, i) => [KNOWN[i]!, value] as const);
    assertEquals(held, values, `MSRs that the guest wrote (${circumstances})`);
  }
}

const DENIED_VALUE = 0x0123_4567_89ab_cdefn;
const reads = (indices: readonly number[]) => indices.map((index) => exits(read(index)));
const writes = (indices: readonly number[]) =>
  indices.map((index) => exits(write(index, DENIED_VALUE)));

clause("F-05", "a clear bit in a READ range denies the read", ({ kvm }) => {
  using guest = filteringGuest(kvm);
  guest.vm.setMsrFilter({ default: "allow", ranges: singles("deny", "read", DENIABLE) });
  assertWalk(guest.session, "READ ranges of one clear bit", reads(DENIABLE));
  guest.vm.setMsrFilter({ default: "allow", ranges: mixed("deny", "read") });
  for (const { picked, other } of MIXED) {
    assertWalk(guest.session, "one clear bit among set ones in a READ range", [
      exits(read(picked)),
      completes(read(other)),
    ]);
  }
});

clause("F-06", "a set bit in a READ range allows the read, whatever the default", ({ kvm }) => {
  using guest = filteringGuest(kvm);
  for (const unmatched of ["deny", "allow"] as const) {
    guest.vm.setMsrFilter({ default: unmatched, ranges: singles("allow", "read", KNOWN) });
    assertReadsWork(guest.session, `set bits in READ ranges, default ${unmatched}`);
  }
  guest.vm.setMsrFilter({ default: "deny", ranges: mixed("allow", "read") });
  for (const { picked, other } of MIXED) {
    assertWalk(guest.session, "one set bit among clear ones in a READ range, default deny", [
      completes(read(picked), guest.session.vcpu.getMsr(picked)),
      exits(read(other)),
    ]);
  }
});

clause("F-07", "a READ range does not govern writes", ({ kvm }) => {
  using guest = filteringGuest(kvm);
  guest.vm.setMsrFilter({ default: "allow", ranges: singles("deny", "read", KNOWN) });
  assertWritesWork(guest.session, "READ ranges deny, default allow");
  assertWalk(guest.session, "READ ranges deny, default allow", reads(KNOWN));
  guest.vm.setMsrFilter({ default: "deny", ranges: singles("allow", "read", KNOWN) });
  assertWalk(guest.session, "READ ranges allow, default deny", writes(KNOWN));
  assertReadsWork(guest.session, "READ ranges allow, default deny");
});

clause("F-08", "a clear bit in a WRITE range denies the write", ({ kvm }) => {
  using guest = filteringGuest(kvm);
  guest.vm.setMsrFilter({ default: "allow", ranges: singles("deny", "write", DENIABLE) });
  assertWalk(guest.session, "WRITE ranges of one clear bit", writes(DENIABLE));
  guest.vm.setMsrFilter({ default: "allow", ranges: mixed("deny", "write") });
  for (const { picked, other } of MIXED) {
    assertWalk(guest.session, "one clear bit among set ones in a WRITE range", [
      exits(write(picked, DENIED_VALUE)),
      completes(write(other)),
    ]);
  }
});

clause("F-09", "a set bit in a WRITE range allows the write, whatever the default", ({ kvm }) => {
  using guest = filteringGuest(kvm);
  for (const unmatched of ["deny", "allow"] as const) {
    guest.vm.setMsrFilter({ default: unmatched, ranges: singles("allow", "write", KNOWN) });
    assertWritesWork(guest.session, `set bits in WRITE ranges, default ${unmatched}`);
  }
  guest.vm.setMsrFilter({ default: "deny", ranges: mixed("allow", "write") });
  for (const { picked, other } of MIXED) {
    assertWalk(guest.session, "one set bit among clear ones in a WRITE range, default deny", [
      completes(write(picked)),
      exits(write(other, DENIED_VALUE)),
    ]);
  }
});

clause("F-10", "a WRITE range does not govern reads", ({ kvm }) => {
  using guest = filteringGuest(kvm);
  guest.vm.setMsrFilter({ default: "allow", ranges: singles("deny", "write", KNOWN) });
  assertReadsWork(guest.session, "WRITE ranges deny, default allow");
  assertWalk(guest.session, "WRITE ranges deny, default allow", writes(KNOWN));
  guest.vm.setMsrFilter({ default: "deny", ranges: singles("allow", "write", KNOWN) });
  assertWalk(guest.session, "WRITE ranges allow, default deny", reads(KNOWN));
  assertWritesWork(guest.session, "WRITE ranges allow, default deny");
});

clause("F-11", "the one bitmap of a READ and WRITE range governs both kinds", ({ kvm }) => {
  using guest = filteringGuest(kvm);
  guest.vm.setMsrFilter({ default: "allow", ranges: singles("deny", "read-write", DENIABLE) });
  assertWalk(guest.session, "clear bits in READ and WRITE ranges", [
    ...reads(DENIABLE),
    ...writes(DENIABLE),
  ]);
  guest.vm.setMsrFilter({ default: "deny", ranges: singles("allow", "read-write", KNOWN) });
  assertReadsWork(guest.session, "set bits in READ and WRITE ranges, default deny");
  assertWritesWork(guest.session, "set bits in READ and WRITE ranges, default deny");
  guest.vm.setMsrFilter({ default: "allow", ranges: mixed("deny", "read-write") });
  for (const { picked, other } of MIXED) {
    assertWalk(guest.session, "one clear bit among set ones in a READ and WRITE range", [
      exits(read(picked)),
      completes(read(other)),
      exits(write(picked, DENIED_VALUE)),
      completes(write(other)),
    ]);
  }
});
