/**
 * Filters that change while other things happen to the VM: vCPUs are made, MSRs
 * are read and written by the host, everything is closed.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { asm64, MsrFilter, Session } from "@trapline/trapline";
import { raceClosing, raceMsrIoctls, raceVcpuCreation, type Trap } from "@trapline/trapline/race";
import { kvmTest } from "../support/kvm_testing.ts";
import { ONE_PROCESSOR } from "../support/processors.ts";

kvmTest(
  "a vCPU that is made while the filter changes is under the old or the new one, then the new one",
  async ({ kvm }) => {
    const { violations, accesses, swaps } = await raceVcpuCreation(kvm, {
      seconds: 1,
      vcpus: ONE_PROCESSOR ? 3 : 8,
    });
    assertEquals(violations, [], `of ${accesses} accesses`);
    assert(swaps > 0, "the filter was changed");
  },
);

kvmTest(
  "KVM_GET_MSRS and KVM_SET_MSRS from other threads see no filter while it changes",
  async ({ kvm }) => {
    const { violations, accesses, swaps } = await raceMsrIoctls(kvm, { seconds: 1, vcpus: 2 });
    assertEquals(violations, [], `of ${accesses} accesses`);
    assert(swaps > 0, "the filter was changed");
  },
);

for (const trap of ["gp", "exit"] satisfies Trap[]) {
  kvmTest(
    `a VM is closed while its filter changes and its vCPUs run into ${trap}`,
    async ({ kvm }) => {
      const seconds = ONE_PROCESSOR ? 0.001 : 0.045; // One VM, and three.
      const { violations, accesses } = await raceClosing(kvm, { seconds, vcpus: 2, trap });
      assertEquals(violations, [], `of ${accesses} accesses`);
      using vm = kvm.createVm();
      vm.setMsrFilter(MsrFilter.DENY_ALL);
      assertEquals(Session.boot(vm, asm64`jmp finish`).finish().fault, undefined);
    },
  );
}
