/**
 * The synthetic MSRs of other hypervisors that KVM plays for a guest: a filter
 * governs them before KVM does (Hyper-V TLFS; api.rst KVM_XEN_HVM_CONFIG).
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  type CpuidEntry,
  formatMsr,
  HostMemory,
  type Kvm,
  Msr,
  type MsrAccess,
  MsrFilter,
  type MsrFilterSpec,
  type Session,
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
import { type FilledPage, fillPage } from "../support/filled_page.ts";
import { capability } from "../support/requirements.ts";
import { configureXen, XEN_BLOB_SIZE, XEN_MSR } from "../support/xen.ts";

const AREA = 0x2_0000;
const ENABLED = 1n;

/** The CPUID leaf that says which hypervisor's interface a guest finds, and Hyper-V's name in it. */
const INTERFACE_LEAF = 0x4000_0001;
const HYPERV_INTERFACE = 0x3123_7648;

function span(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** Partition, clocks, local APIC, SynIC, timers, debugger, crash and reenlightenment. */
const HYPERV_MSRS = [
  ...span(0x4000_0000, 4),
  0x4000_0010,
  ...span(0x4000_0020, 4),
  ...span(0x4000_0070, 4),
  ...span(0x4000_0080, 5),
  ...span(0x4000_0090, 16),
  ...span(0x4000_00b0, 8),
  ...span(0x4000_00f1, 5),
  ...span(0x4000_0100, 9),
  0x4000_0118,
];

const SYNTHETIC_SPACE: MsrFilterSpec = {
  default: "allow",
  ranges: [{ base: 0x4000_0000, count: 0x1000, deny: "read-write" }],
};

function withHyperv(cpuid: readonly CpuidEntry[]): CpuidEntry[] {
  return cpuid.map((entry) =>
    entry.function === INTERFACE_LEAF ? { ...entry, eax: HYPERV_INTERFACE } : entry
  );
}

/**
 * Asserts that under filters that deny `accesses` none of them writes `page`,
 * with #GP and with an exit; `detail` names what the VM plays.
 */
function assertDenied(
  session: Session,
  accesses: readonly MsrAccess[],
  page: FilledPage,
  detail: string,
): void {
  const { vm } = session;
  for (const filter of [new MsrFilter(SYNTHETIC_SPACE), MsrFilter.DENY_ALL]) {
    vm.setMsrFilter(filter);
    for (const want of [faults, exits]) {
      vm.enableUserSpaceMsr(want === faults ? [] : ["filter"]);
      const circumstances = `${detail}, ${filter}`;
      assertWalk(session, circumstances, accesses.map((access) => want(access)));
      assert(page.isUntouched(), `The page is untouched after denied writes (${circumstances})`);
    }
  }
}

const OS_ID = 0x8100_0000_0000_0001n;

clause(
  "X-78",
  "Hyper-V's synthetic MSRs can be filtered; a denied write to one has no effect",
  { requires: [capability("HYPERV")] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootWalker(vm);
    session.vcpu.setCpuid(withHyperv(vm.supportedCpuid));
    const page = fillPage(vm, AREA);
    const guestOs = write(Msr.HV_X64_MSR_GUEST_OS_ID, OS_ID);
    const hypercall = write(Msr.HV_X64_MSR_HYPERCALL, page.gpa | ENABLED);
    // Each enabling write, in a VM that knows the guest's system by then, would write the page.
    const accesses = [
      guestOs,
      hypercall,
      write(Msr.HV_X64_MSR_REFERENCE_TSC, page.gpa | ENABLED),
      write(0x4000_0073, page.gpa | ENABLED),
      ...HYPERV_MSRS.flatMap((index) => [read(index), write(index, ENABLED)]),
    ];
    const held = [Msr.HV_X64_MSR_GUEST_OS_ID, Msr.HV_X64_MSR_HYPERCALL];
    for (const id of [0n, OS_ID + 1n]) {
      session.vcpu.setMsrs([[Msr.HV_X64_MSR_GUEST_OS_ID, id]]);
      assertDenied(session, accesses, page, `Hyper-V, guest system 0x${id.toString(16)}`);
      assertEquals(
        session.vcpu.getMsrs(held),
        [id, 0n],
        `${held.map(formatMsr).join(" and ")} after denied writes`,
      );
    }
    session.vcpu.setMsrs([[Msr.HV_X64_MSR_GUEST_OS_ID, 0n]]);
    const allowed = held.map((base) => ({ base, count: 1, allow: "read-write" as const }));
    vm.setMsrFilter({ default: "deny", ranges: allowed });
    assertWalk(session, "two allowed", [
      completes(guestOs),
      completes(read(Msr.HV_X64_MSR_GUEST_OS_ID), OS_ID),
      completes(hypercall),
      completes(read(Msr.HV_X64_MSR_HYPERCALL), page.gpa | ENABLED),
      exits(read(Msr.HV_X64_MSR_VP_INDEX)),
    ]);
    assert(!page.isUntouched(), "The hypercall page is written after an allowed write");
  },
);

function assertXenFiltered(kvm: Kvm, msr: number, blob: HostMemory): void {
  using vm = kvm.createVm();
  configureXen(vm, msr, blob.address);
  const session = bootWalker(vm);
  const page = fillPage(vm, AREA);
  const asking = write(msr, page.gpa);
  assertDenied(session, [asking, read(msr)], page, `Xen with ${formatMsr(msr)}`);
  vm.setMsrFilter({ default: "allow", ranges: [{ base: msr, count: 1, deny: "read" }] });
  assertWalk(session, "reads alone denied", [exits(read(msr)), completes(asking)]);
  const copied = page.bytes().every((byte, i) => byte === blob.bytes[i]);
  assert(copied, `The page that ${formatMsr(msr)} asks for is written after an allowed write`);
  page.fill();
  vm.setMsrFilter({ default: "allow", ranges: [{ base: msr, count: 1, deny: "write" }] });
  assertWalk(session, "writes alone denied", [passes(read(msr)), exits(asking)]);
  assert(page.isUntouched(), `The page is untouched after a denied write to ${formatMsr(msr)}`);
}

clause(
  "X-79",
  "the MSR by which a guest asks for Xen's hypercall page can be filtered; a denied write does " +
    "not write the page",
  { requires: [capability("XEN_HVM")] },
  ({ kvm }) => {
    using blob = HostMemory.allocate(XEN_BLOB_SIZE);
    blob.bytes.forEach((_, i) => blob.bytes[i] = i % 251);
    assertXenFiltered(kvm, XEN_MSR, blob);
  },
);
