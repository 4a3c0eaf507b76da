/**
 * MSRs whose reads user space can have handed to the guest, by
 * `KVM_CAP_X86_DISABLE_EXITS` before the first vCPU is made.
 *
 * @module
 */
import { formatMsr, type Kvm, MsrFilter, type Vm } from "@trapline/trapline";
import {
  assertWalk,
  bootWalker,
  completes,
  exits,
  type Expectation,
  faults,
  read,
  write,
} from "./assert_walk.ts";
import { denyOnly } from "./msr_probes.ts";

/** What a guest may do without an exit, by its bit of the capability (`KVM_X86_DISABLE_EXITS_*`). */
export const DISABLE_EXITS = { cstate: 1 << 3, aperfmperf: 1 << 4 } as const;

/** Makes a VM whose guests have what `bit` stands for, where this KVM offers that. */
export function vmWithout(kvm: Kvm, bit: number): Vm {
  const vm = kvm.createVm();
  const offered = kvm.checkExtension("X86_DISABLE_EXITS") & bit;
  if (offered !== 0) vm.enableCap("X86_DISABLE_EXITS", [BigInt(bit)]);
  vm.enableUserSpaceMsr(["filter"]);
  return vm;
}

/** What a vCPU of `vm`, which has no filter, makes of reads of the MSRs: a value or a #GP. */
export function askReads(vm: Vm, msrs: readonly number[]): Expectation[] {
  return bootWalker(vm).walk(msrs.map(read)).map(({ access, fault }) =>
    fault === undefined ? completes(access) : faults(access)
  );
}

/**
 * Asserts that reads which are handed to the guests of `vm` exit once they are denied, one at a
 * time and all at once, also on vCPUs made then, and are as `free` says whenever they are not.
 */
export function assertReadsObey(vm: Vm, free: readonly Expectation[]): void {
  const session = bootWalker(vm);
  const indices = free.map(({ access }) => access.index);
  assertWalk(session, "before any filter", free);
  for (const when of ["for the first time", "again"]) {
    for (const index of indices) {
      vm.setMsrFilter(denyOnly(index, "read"));
      const wanted = free.map((each) => each.access.index === index ? exits(each.access) : each);
      assertWalk(session, `${formatMsr(index)} denied ${when}`, wanted);
      vm.setMsrFilter(denyOnly(index, "write"));
      assertWalk(session, `writes denied ${when}`, [...free, exits(write(index, 1n))]);
    }
    vm.setMsrFilter(MsrFilter.DENY_ALL);
    const denied = indices.map((index) => exits(read(index)));
    assertWalk(session, `all denied ${when}`, denied);
    assertWalk(bootWalker(vm), `all denied ${when}, on a vCPU made then`, denied);
    vm.setMsrFilter(MsrFilter.ALLOW_ALL);
    assertWalk(session, `all allowed ${when}`, free);
  }
}
