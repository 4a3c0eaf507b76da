/**
 * What becomes of an access that the filter allows: KVM emulates it as if there
 * were no filter, faults included.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  formatMsr,
  type Kvm,
  Msr,
  type MsrFilterSpec,
  type MsrRange,
  type Session,
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
import { UNKNOWN_MSRS } from "../support/msr_probes.ts";
import { KNOWN_EVERYWHERE } from "../support/msr_space.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";

/** Two filters that allow `indices`: by ranges against the default, and by the default. */
function allowing(indices: readonly number[]): Readonly<Record<string, MsrFilterSpec>> {
  const ranges = indices.map((base): MsrRange => ({ base, count: 1, allow: "read-write" }));
  const elsewhere: MsrRange = { base: 0x3000, count: 0x100, deny: "read-write" };
  return {
    "allowed by ranges": { default: "deny", ranges },
    "allowed by default": { default: "allow", ranges: [elsewhere] },
  };
}

/** Runs `test` under each of the filters that allow `indices`. */
function underEach(
  kvm: Kvm,
  indices: readonly number[],
  test: (session: Session, vm: Vm, how: string) => void,
): void {
  using vm = kvm.createVm();
  const session = bootWalker(vm);
  for (const [how, filter] of Object.entries(allowing(indices))) {
    vm.setMsrFilter(filter);
    test(session, vm, how);
  }
}

clause("F-20", "an allowed access does what it does on this vCPU without a filter", ({ kvm }) => {
  underEach(kvm, KNOWN_EVERYWHERE.map(({ index }) => index), (session, vm, how) => {
    vm.enableUserSpaceMsr(["filter"]);
    for (const { index, values } of KNOWN_EVERYWHERE) {
      for (const value of values) {
        assertWalk(session, how, [
          completes(write(index, value)),
          completes(read(index), value),
        ]);
        assertEquals(session.vcpu.getMsr(index), value, `${formatMsr(index)} by host, ${how}`);
      }
      session.vcpu.setMsrs([[index, values[0]]]);
      assertWalk(session, `${how}, set by the host`, [completes(read(index), values[0])]);
    }
  });
});

clause(
  "F-21",
  "an allowed access to an MSR that KVM does not know fails as it does without a filter",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    // No range can hold the last index.
    const unknown = UNKNOWN_MSRS.filter((index) => index !== 0xffff_ffff);
    const accesses = unknown.flatMap((index) => [read(index), write(index, 1n)]);
    underEach(kvm, unknown, (session, vm, how) => {
      for (const reasons of [[], ["filter"], ["filter", "inval"]] as const) {
        vm.enableUserSpaceMsr(reasons);
        assertWalk(session, `${how}, reasons ${reasons.join("+") || "none"}`, accesses.map(faults));
      }
      vm.enableUserSpaceMsr(["filter", "unknown"]);
      assertWalk(session, how, accesses.map((access) => exits(access, "unknown")));
    });
  },
);

const EFER_RESERVED = 1n << 2n;
const APIC_BASE_RESERVED = 1n;
/** Belongs to user space alone: a guest's accesses are invalid. */
const IA32_SMBASE = 0x9e;

clause("F-22", "an allowed access still takes its architectural fault", ({ kvm }) => {
  const invalid = [[Msr.EFER, EFER_RESERVED], [Msr.IA32_APIC_BASE, APIC_BASE_RESERVED]] as const;
  const indices = invalid.map(([index]) => index);
  underEach(kvm, [...indices, IA32_SMBASE], (session, vm, how) => {
    const before = invalid.map(([index]) => session.vcpu.getMsr(index));
    const accesses = [
      ...invalid.map(([index, reserved], i) => write(index, before[i]! | reserved)),
      read(IA32_SMBASE),
      write(IA32_SMBASE, 0x3_0000n),
    ];
    for (const reasons of [[], ["filter"], ["filter", "unknown"]] as const) {
      vm.enableUserSpaceMsr(reasons);
      assertWalk(session, `${how}, reasons ${reasons.join("+") || "none"}`, accesses.map(faults));
    }
    vm.enableUserSpaceMsr(["filter", "inval"]);
    assertWalk(session, how, accesses.map((access) => exits(access, "inval")));
    const after = invalid.map(([index]) => session.vcpu.getMsr(index));
    assertEquals(after, before, "EFER and APIC_BASE after invalid writes");
    // The same MSRs with legal values: it was the value that was refused.
    const legal = invalid.map(([index], i) => write(index, before[i]!));
    assertWalk(session, `${how}, present value`, legal.map((access) => completes(access)));
  });
});
