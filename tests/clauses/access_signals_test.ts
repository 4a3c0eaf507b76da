/**
 * What ends `KVM_RUN` while the guest is about its MSR accesses: signals, and
 * `immediate_exit` for the run after.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  DeadlineError,
  type ExitOf,
  type Kvm,
  kvmRunOffset,
  Msr,
  MsrFilter,
  type Session,
} from "@trapline/trapline";
import { read, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { bootFiltered } from "../support/msr_exits.ts";
import { ToldGuest } from "../support/told_guest.ts";
import { nameAccess } from "../support/walked.ts";

/**
 * Reads one denied MSR and writes what it has read to another, without end.
 * IF is set: Bochs lets the host's timer end a run only where the guest would
 * take an interrupt.
 */
const COPIES = asm64`
    sti
  again:
    mov ecx, ${Msr.IA32_SYSENTER_CS}
    rdmsr
    mov ecx, ${Msr.KERNEL_GS_BASE}
    wrmsr
    jmp again
`;

/** How many copies tell how long one access takes, and how many are made under signals. */
const COPIES_MADE = { undisturbed: 50, signalled: 250 };

/** From when to when a signal comes, in parts of the time that one access takes. */
const SIGNAL = { first: 0.2, last: 1.5 };

/** Runs to the exit `name`, with a signal on the way after about `afterMs`. */
function nextSignalled<N extends "X86_RDMSR" | "X86_WRMSR">(
  session: Session,
  name: N,
  afterMs: number,
): ExitOf<N> {
  while (true) {
    try {
      // The first signal of a deadline comes after a tenth of it, and the run goes on.
      return session.next(name, { deadlineMs: 10 * afterMs });
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
    }
  }
}

/**
 * Sets `immediate_exit` while the vCPU is in `KVM_RUN`: without a signal it
 * speaks of the next entry only, and the guest goes on.
 */
async function assertDeniedUnderImmediateExit(kvm: Kvm): Promise<void> {
  using vm = kvm.createVm();
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  await using guest = await ToldGuest.boot(vm);
  guest.enter();
  for (const immediateExit of [0, 1, 0]) {
    guest.vcpu.kvmRun.setUint8(kvmRunOffset("immediate_exit"), immediateExit);
    for (const access of [read(Msr.IA32_SYSENTER_CS), write(Msr.KERNEL_GS_BASE, 0x1000n)]) {
      const name = nameAccess(access, `immediate_exit set to ${immediateExit} meanwhile`);
      assertEquals(guest.access(access), "#GP", name);
    }
  }
  await guest.stop();
}

clause(
  "X-109",
  "neither a signal that ends KVM_RUN, whenever it comes, nor immediate_exit set meanwhile has a " +
    "denied access left out, repeated or answered otherwise than user space does",
  async ({ kvm }) => {
    await assertDeniedUnderImmediateExit(kvm);
    using vm = kvm.createVm();
    const session = bootFiltered(vm);
    session.load(COPIES);
    const copy = (turn: number, afterMs: number): void => {
      const value = BigInt(turn) * 0x1_0000_0001n + 7n;
      nextSignalled(session, "X86_RDMSR", afterMs).supply(value);
      const write = nextSignalled(session, "X86_WRMSR", afterMs);
      assertEquals(write.data, value, `what the guest writes after its read ${turn}`);
      write.acknowledge();
    };
    const start = performance.now();
    for (let turn = 0; turn < COPIES_MADE.undisturbed; turn++) copy(turn, 1000);
    const accessMs = (performance.now() - start) / COPIES_MADE.undisturbed / 2;
    const { first, last } = SIGNAL;
    for (let turn = 0; turn < COPIES_MADE.signalled; turn++) {
      copy(turn, accessMs * (first + (last - first) * turn / COPIES_MADE.signalled));
    }
  },
);
