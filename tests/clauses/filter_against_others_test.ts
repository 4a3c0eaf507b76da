/**
 * Filters that change while other things happen to the VM: vCPUs are made, MSRs
 * are read and written by the host, everything is closed.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { asm64, IOCTL, Msr, MsrFilter, type MsrValue, Session, type Vm } from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";
import { ONE_PROCESSOR, Race, raceMs, type Trap } from "../support/race.ts";
import {
  allowedOutcomes,
  FILTER_A,
  FILTER_B,
  PROBES,
  setProbedMsrs,
} from "../support/race_filters.ts";
import type { Outcome, Phase } from "../support/race_guest.ts";
import { IoctlThread } from "../support/race_ioctls.ts";

/** A thread that sets filters B and A by turns. */
function makeSwapper(vm: Vm): Promise<IoctlThread> {
  const buffers = [FILTER_B, FILTER_A].map((filter) => filter.encode().bytes);
  return IoctlThread.make(vm, IOCTL.X86_SET_MSR_FILTER, buffers);
}

/** Waits, on the event loop, until each of `threads` has called at least once. */
async function calledOnce(threads: readonly IoctlThread[]): Promise<void> {
  while (threads.some(({ called }) => called === 0)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Walks the probes once and asserts that each comes out as `phase` has it. */
function assertProbes(session: Session, phase: Phase, circumstances: string): void {
  const accesses = PROBES.map(({ kind, index, value = 0n }) => ({ kind, index, value }));
  session.walk(accesses).forEach(({ fault, value }, i) => {
    const probe = PROBES[i]!;
    const wrong = probe.kind === "read" && probe.value !== undefined && value !== probe.value;
    const outcome: Outcome = fault !== undefined ? "trap" : wrong ? "wrong" : "pass";
    const name = `${probe.kind} MSR 0x${probe.index.toString(16)}, ${circumstances}`;
    const wanted = allowedOutcomes(probe, phase);
    assert(wanted.includes(outcome), `${name}: wanted ${wanted.join(" or ")}, got ${outcome}`);
  });
}

kvmTest(
  "a vCPU that is made while the filter changes is under the old or the new one, then the new one",
  async ({ kvm }) => {
    const end = performance.now() + raceMs(1);
    let vms = 0;
    while (vms === 0 || performance.now() < end) {
      using vm = kvm.createVm();
      vm.setMsrFilter(FILTER_A);
      await using swapper = await makeSwapper(vm);
      swapper.turn();
      const sessions: Session[] = [];
      for (let id = 0; id < (ONE_PROCESSOR ? 3 : 8); id++) {
        const session = Session.boot(vm, asm64`jmp finish`);
        setProbedMsrs(session.vcpu);
        sessions.push(session);
        assertProbes(session, "A to B", `vCPU ${id} just made, VM ${vms}`);
      }
      await calledOnce([swapper]);
      assertEquals(
        (await swapper.stop()).refused,
        0,
        "errno of the thread that changes the filter",
      );
      for (const [phase, filter] of [["A", FILTER_A], ["B", FILTER_B], ["A", FILTER_A]] as const) {
        vm.setMsrFilter(filter);
        sessions.forEach((session, id) => {
          assertProbes(session, phase, `vCPU ${id} of VM ${vms}, filter ${phase} set afterwards`);
        });
      }
      vms++;
    }
  },
);

/** `struct kvm_msrs` with `entries`. */
function kvmMsrs(entries: readonly MsrValue[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + 16 * entries.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, entries.length, true);
  entries.forEach(([index, value], i) => {
    view.setUint32(8 + 16 * i, index, true);
    view.setBigUint64(16 + 16 * i, value, true);
  });
  return bytes;
}

/** What the probes find in these MSRs and leave there; both filters deny some of it to the guest. */
const STANDING: readonly MsrValue[] = [
  [Msr.IA32_SYSENTER_CS, 0x1111n],
  [Msr.LSTAR, 0n],
  [Msr.CSTAR, 0n],
  [Msr.KERNEL_GS_BASE, 0x1234_5000n],
  [Msr.SYSCALL_MASK, 0x4_7700n],
];

kvmTest(
  "KVM_GET_MSRS and KVM_SET_MSRS from other threads see no filter while it changes",
  async ({ kvm }) => {
    using vm = kvm.createVm();
    // Guests that exit: an ioctl of a vCPU waits until its vCPU is out of the guest.
    await using race = await Race.boot(vm, 2, "exit");
    const idle = vm.createVcpu();
    idle.setCpuid(vm.supportedCpuid);
    const busy = race.guests.threads[0]!.session.vcpu;
    for (const vcpu of [idle, busy]) vcpu.setMsrs(STANDING);
    race.phase = "A to B";
    await using swapper = await makeSwapper(vm);
    const calls = [IOCTL.GET_MSRS, IOCTL.SET_MSRS].flatMap((request) =>
      [busy, idle].map((vcpu) => ({ request, vcpu }))
    );
    await using stack = new AsyncDisposableStack();
    const threads = await Promise.all(
      calls.map(({ vcpu, request }) => IoctlThread.make(vcpu, request, [kvmMsrs(STANDING)])),
    );
    for (const thread of threads) stack.use(thread);
    await race.start();
    for (const thread of [swapper, ...threads]) thread.turn();
    await new Promise((resolve) => setTimeout(resolve, raceMs(1)));
    await calledOnce([swapper, ...threads]);
    await race.rounds(1);
    for (const [i, thread] of threads.entries()) {
      const { changed, results, refused } = await thread.stop();
      const { request, vcpu } = calls[i]!;
      const name = `${request.name} of the ${vcpu === busy ? "running" : "idle"} vCPU`;
      assertEquals([changed, results, refused], [0, [STANDING.length], 0], name);
    }
    assertEquals((await swapper.stop()).refused, 0, "errno of the thread that changes the filter");
    await race.end();
    race.assertNoFaults("the host reads and writes MSRs meanwhile");
  },
);

for (const trap of ["gp", "exit"] satisfies Trap[]) {
  kvmTest(
    `a VM is closed while its filter changes and its vCPUs run into ${trap}`,
    async ({ kvm }) => {
      for (let round = 0; round < (ONE_PROCESSOR ? 1 : 3); round++) {
        using vm = kvm.createVm();
        await using race = await Race.boot(vm, 2, trap);
        race.phase = "A to B";
        await using swapper = await makeSwapper(vm);
        await race.start();
        swapper.turn();
        await new Promise((resolve) => setTimeout(resolve, 5 + 10 * round));
        vm.close();
        const { refused } = await swapper.refused();
        assert(refused !== 0, "The ioctl is refused once the VM is closed");
        assertEquals(
          race.guests.threads.some(({ running }) => running),
          false,
          "guests that run on",
        );
      }
      using vm = kvm.createVm();
      vm.setMsrFilter(MsrFilter.DENY_ALL);
      assertEquals(Session.boot(vm, asm64`jmp finish`).finish().fault, undefined);
    },
  );
}
