/**
 * A filter is for the guest: the host's own access to the guest's MSRs does
 * not know it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  assertMsrExit,
  assertValue,
  formatMsr,
  guest,
  IOCTL,
  type Kvm,
  Msr,
  MsrFilter,
  MsrRefusedError,
  type Vcpu,
} from "@trapline/trapline";
import { assertWalk, bootWalker, completes, exits, read, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { KNOWN_EVERYWHERE, legalValues, msrSample } from "../support/msr_space.ts";

const KNOWN = KNOWN_EVERYWHERE.map(({ index }) => index);

/** What `access` gives, or how `KVM_GET_MSRS` or `KVM_SET_MSRS` refused it. */
function orRefused<T>(access: () => T): T | string {
  try {
    return access();
  } catch (error) {
    if (error instanceof MsrRefusedError) return error.message;
    throw error;
  }
}

/** Reads every MSR of a wide sample and writes it back; says of each what came of it. */
function hostAccesses(kvm: Kvm, vcpu: Vcpu): string[] {
  return msrSample(kvm).map((index) => {
    const value = orRefused(() => vcpu.getMsr(index));
    const written = orRefused(() =>
      vcpu.setMsrs([[index, typeof value === "bigint" ? value : 0n]])
    );
    const got = typeof value === "bigint" ? "read" : value;
    return `${formatMsr(index)}: ${got}, ${written ?? "written"}`;
  });
}

/** Asserts that the host can set and get the known MSRs. */
function assertHostSets(vcpu: Vcpu, which: 0 | 1, circumstances: string): void {
  const values = legalValues(KNOWN_EVERYWHERE, which);
  assertEquals(orRefused(() => vcpu.setMsrs(values)), undefined, circumstances);
  const held = orRefused(() => vcpu.getMsrs(KNOWN));
  assertEquals(held, values.map(([, value]) => value), circumstances);
}

const STALE = [0x5a3c_9617_5a3c_9617n, 0xa5c3_69e8_a5c3_69e8n] as const;

/** Gets an MSR into an entry that holds `stale`; gives what it holds then, unless it is refused. */
function getOver(vcpu: Vcpu, index: number, stale: bigint): bigint | undefined {
  const msrs = new Uint8Array(24);
  const view = new DataView(msrs.buffer);
  view.setUint32(0, 1, true);
  view.setUint32(8, index, true);
  view.setBigUint64(16, stale, true);
  return vcpu.raw(IOCTL.GET_MSRS, msrs).result === 1 ? view.getBigUint64(16, true) : undefined;
}

/** The leaves without which a vCPU has no 64-bit mode. */
const BARE_LEAVES = [0, 1, 0x8000_0000, 0x8000_0001, 0x8000_0008];

/**
 * Asserts that the host is never given what lay in memory before: of an MSR that
 * the kernel lists and the vCPU's model does not have it gets 0, or nothing where
 * the kernel refuses the read, as old ones do.
 */
function assertGivesNothingStale(kvm: Kvm): void {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["unknown"]);
  const session = bootWalker(vm);
  const { vcpu } = session;
  vcpu.setCpuid(vm.supportedCpuid.filter((leaf) => BARE_LEAVES.includes(leaf.function)));
  const listed = kvm.msrIndexList().map(read);
  for (const { access, exit } of session.walk(listed, { onRdmsr: (exit) => exit.refuse() })) {
    for (const stale of STALE) {
      const got = getOver(vcpu, access.index, stale);
      if (got === undefined) continue;
      const what = `${formatMsr(access.index)} of a vCPU with few features`;
      assert(got !== stale, `${what}: 0x${got.toString(16)}, which lay there before`);
      if (exit !== undefined) assertEquals(got, 0n, `${what}, whose guest does not have it`);
    }
  }
}

clause("X-38", "KVM_GET_MSRS and KVM_SET_MSRS are not filtered and make no exit", ({ kvm }) => {
  using open = kvm.createVm();
  const withoutFilter = hostAccesses(kvm, bootWalker(open).vcpu);

  using vm = kvm.createVm();
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  const session = bootWalker(vm);
  for (const mask of [[], ["filter"], ["inval", "unknown", "filter"]] as const) {
    const what = `all denied, ${mask.join("+") || "nothing"} enabled`;
    vm.enableUserSpaceMsr(mask);
    assertEquals(hostAccesses(kvm, session.vcpu), withoutFilter, what);
    for (const which of [0, 1] as const) assertHostSets(session.vcpu, which, what);
  }

  const denied = KNOWN.flatMap((index) => [exits(read(index)), exits(write(index))]);
  assertWalk(session, "all denied for the guest", denied);
  const values = legalValues(KNOWN_EVERYWHERE, 1);
  assertEquals(session.vcpu.getMsrs(KNOWN), values.map(([, value]) => value), "after the guest");

  session.load(guest.rdmsr(Msr.KERNEL_GS_BASE));
  const exit = session.next("X86_RDMSR");
  assertMsrExit(session, exit, { index: Msr.KERNEL_GS_BASE, reasons: ["filter"], data: 0n });
  const { kvmRun } = session.vcpu;
  const bytes = (): Uint8Array => new Uint8Array(kvmRun.buffer, kvmRun.byteOffset, 64).slice();
  const before = bytes();
  assertHostSets(session.vcpu, 0, "at the guest's exit");
  assertEquals(bytes(), before, "kvm_run after the host's accesses");
  exit.supply(0x0bad_cafe_1234_5678n);
  assertValue(session, session.finish(), 0x0bad_cafe_1234_5678n);

  assertHostSets(session.vcpu, 1, "after the guest's exit");
  vm.setMsrFilter(MsrFilter.ALLOW_ALL);
  const reads = values.map(([index, value]) => completes(read(index), value));
  assertWalk(session, "what the host set, the filter removed", reads);
  assertGivesNothingStale(kvm);
});
