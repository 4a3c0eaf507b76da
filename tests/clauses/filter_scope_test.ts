/**
 * For whom a filter and a mask count: every vCPU of their VM, and no other VM.
 *
 * @module
 */
import {
  type Kvm,
  Msr,
  MsrFilter,
  type MsrFilterSpec,
  type Session,
  type Vm,
} from "@trapline/trapline";
import { assertVerdicts, type Verdict, verdicts } from "../support/assert_verdicts.ts";
import {
  assertWalk,
  bootWalker,
  exits,
  faults,
  passes,
  read,
  write,
} from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { KNOWN_EVERYWHERE } from "../support/msr_space.ts";
import { assertStanding, bootStanding } from "../support/standing_filter.ts";

const PROBES = [...KNOWN_EVERYWHERE.map(({ index }) => index), 0x1fff, 0x474f_4f00];

/** Denies every other probe, from `first` on, for reads, writes or both in turn. */
function denyEveryOther(first: 0 | 1): { filter: MsrFilterSpec; wanted: Verdict[] } {
  const kinds = ["read-write", "read", "write"] as const;
  const denied = PROBES.flatMap((base, i) =>
    i % 2 === first ? [{ base, count: 1, deny: kinds[i % 3]! }] : []
  );
  return {
    filter: { default: "allow", ranges: denied },
    wanted: PROBES.map((index) => ({
      index,
      denied: denied.find(({ base }) => base === index)?.deny ?? "neither",
    })),
  };
}

const EVEN = denyEveryOther(0);
const ODD = denyEveryOther(1);
const ALL_DENIED = verdicts("read-write", PROBES);
const NONE_DENIED = verdicts("neither", PROBES);

/** So many that the id of the next needs more than three bits. */
const MANY_VCPUS = 9;

clause("X-33", "a filter and a mask count for every vCPU of the VM", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const sessions = [bootWalker(vm), bootWalker(vm), bootWalker(vm)];
  const onEach = (what: string, assertOn: (session: Session, what: string) => void): void => {
    // Not always the same one first: a filter must not wait for another vCPU to run.
    sessions.push(sessions.shift()!);
    for (const session of sessions) assertOn(session, `${what}, vCPU ${session.vcpu.id}`);
  };
  const assertAll = (what: string, wanted: readonly Verdict[]): void =>
    onEach(what, (session, where) => assertVerdicts(session, where, wanted));
  assertAll("before any filter", NONE_DENIED);
  for (const [name, { filter, wanted }] of Object.entries({ EVEN, ODD })) {
    vm.setMsrFilter(filter);
    assertAll(`filter ${name}`, wanted);
  }
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  assertAll("all denied", ALL_DENIED);
  vm.enableUserSpaceMsr([]);
  const accesses = PROBES.flatMap((index) => [read(index), write(index)]);
  onEach(
    "all denied, the mask off",
    (session, where) => assertWalk(session, where, accesses.map(faults)),
  );
  vm.enableUserSpaceMsr(["filter"]);
  assertAll("all denied, the mask on again", ALL_DENIED);
  vm.setMsrFilter(EVEN.filter);
  while (vm.vcpus.length < MANY_VCPUS) vm.createVcpu();
  assertVerdicts(bootWalker(vm), `vCPU ${MANY_VCPUS}`, EVEN.wanted);
  vm.setMsrFilter(MsrFilter.ALLOW_ALL);
  assertAll("all allowed", NONE_DENIED);
});

/** MSRs that one vendor or the other hands to the guest, with values that change nothing if written. */
const HANDED_OVER: readonly (readonly [index: number, value: bigint])[] = [
  [Msr.IA32_TSC, 0n],
  [Msr.IA32_SPEC_CTRL, 0n],
  [Msr.IA32_PRED_CMD, 0n],
  [Msr.IA32_FLUSH_CMD, 0n],
  [Msr.IA32_SYSENTER_CS, 0n],
  [Msr.IA32_SYSENTER_ESP, 0n],
  [Msr.IA32_SYSENTER_EIP, 0n],
  [Msr.IA32_PAT, 0x0007_0406_0007_0406n],
  [Msr.IA32_XFD, 0n],
  [Msr.IA32_XFD_ERR, 0n],
  [Msr.LAST_BRANCH_FROM_IP, 0n],
  [Msr.LAST_INT_TO_IP, 0n],
  [Msr.IA32_XSS, 0n],
  [Msr.EFER, 0x500n],
  [Msr.STAR, 0n],
  [Msr.LSTAR, 0n],
  [Msr.CSTAR, 0n],
  [Msr.SYSCALL_MASK, 0n],
  [Msr.FS_BASE, 0n],
  [Msr.GS_BASE, 0n],
  [Msr.KERNEL_GS_BASE, 0n],
  [Msr.TSC_AUX, 0n],
];

/** Asserts that all of them exit on a vCPU made just now. */
function assertAllExit(vm: Vm, circumstances: string): void {
  const accesses = HANDED_OVER.flatMap(([index, value]) => [read(index), write(index, value)]);
  assertWalk(bootWalker(vm), circumstances, accesses.map((access) => exits(access)));
}

clause("X-34", "a vCPU that is made later is under the filter and the mask too", ({ kvm }) => {
  {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["filter"]);
    vm.setMsrFilter(MsrFilter.DENY_ALL);
    assertAllExit(vm, "the first vCPU, made after the filter");
    assertAllExit(vm, "the second vCPU, made after the first ran");
    assertVerdicts(bootWalker(vm), "the third vCPU", ALL_DENIED);
    vm.setMsrFilter(EVEN.filter);
    assertVerdicts(bootWalker(vm), "a vCPU made after another filter", EVEN.wanted);
    vm.setMsrFilter(ODD.filter);
    assertVerdicts(bootWalker(vm), "a vCPU made after one more filter", ODD.wanted);
    vm.enableUserSpaceMsr([]);
    const accesses = HANDED_OVER.flatMap(([index, value]) => [read(index), write(index, value)]);
    vm.setMsrFilter(MsrFilter.DENY_ALL);
    assertWalk(bootWalker(vm), "a vCPU made with the mask off", accesses.map(faults));
  }
  using guest = bootStanding(kvm.createVm());
  assertStanding(bootWalker(guest.vm), "on the second vCPU, made after the first ran");
  assertStanding(guest.session, "on the first vCPU, after the second was made");
});

function maskedVm(kvm: Kvm): { vm: Vm; session: Session } & Disposable {
  const vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  return { vm, session: bootWalker(vm), [Symbol.dispose]: () => vm.close() };
}

clause("X-35", "a filter and a mask do not count for another VM", ({ kvm }) => {
  using older = maskedVm(kvm);
  using filtered = maskedVm(kvm);
  filtered.vm.setMsrFilter(MsrFilter.DENY_ALL);
  using newer = maskedVm(kvm);
  using maskless = kvm.createVm();
  maskless.setMsrFilter(MsrFilter.DENY_ALL);
  const masklessSession = bootWalker(maskless);
  const accesses = PROBES.flatMap((index) => [read(index), write(index)]);

  const assertUnaffected = (what: string): void => {
    assertVerdicts(older.session, `an older VM without a filter, ${what}`, NONE_DENIED);
    assertVerdicts(newer.session, `a newer VM without a filter, ${what}`, NONE_DENIED);
    assertWalk(masklessSession, `a VM without a mask, ${what}`, accesses.map(faults));
  };
  assertVerdicts(filtered.session, "the VM under the filter", ALL_DENIED);
  assertUnaffected("another denies all");

  older.vm.setMsrFilter(EVEN.filter);
  newer.vm.setMsrFilter(ODD.filter);
  assertVerdicts(filtered.session, "the other VMs have other filters", ALL_DENIED);
  assertVerdicts(older.session, "each VM has a filter of its own", EVEN.wanted);
  assertVerdicts(newer.session, "each VM has a filter of its own", ODD.wanted);
  // In turns, read by read: what was decided for one VM must not decide for the other.
  for (const [i, index] of PROBES.entries()) {
    for (const [{ session }, { wanted }] of [[older, EVEN], [newer, ODD]] as const) {
      const isDenied = ["read", "read-write"].includes(wanted[i]!.denied);
      assertWalk(session, "two VMs in turns", [(isDenied ? exits : passes)(read(index))]);
    }
  }

  older.vm.setMsrFilter(MsrFilter.ALLOW_ALL);
  assertVerdicts(filtered.session, "another VM's filter was removed", ALL_DENIED);
  assertVerdicts(newer.session, "another VM's filter was removed", ODD.wanted);
  older.vm.enableUserSpaceMsr([]);
  assertVerdicts(filtered.session, "another VM's mask was turned off", ALL_DENIED);
  assertVerdicts(newer.session, "another VM's mask was turned off", ODD.wanted);

  older.vm.enableUserSpaceMsr(["filter"]);
  newer.vm.setMsrFilter(MsrFilter.ALLOW_ALL);
  filtered.vm.close();
  assertUnaffected("the one that denied all is closed");
});
