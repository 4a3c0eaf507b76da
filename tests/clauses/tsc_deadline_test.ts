/**
 * `IA32_TSC_DEADLINE` (0x6e0): an MSR whose writes KVM also handles on a
 * shorter path, right after the exit from the guest.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  type Kvm,
  Msr,
  type MsrAccessKind,
  MsrFilter,
  type Session,
  type Vcpu,
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
import { denyOnly } from "../support/msr_probes.ts";

const DEADLINE = Msr.IA32_TSC_DEADLINE;

/** A guest with or without an APIC in the kernel and the CPUID bit of the deadline timer. */
interface TimerGuest extends Disposable {
  readonly name: string;
  readonly vm: Vm;
  readonly session: Session;
  /** Whether the APIC keeps a deadline, which is then `held`; there is none otherwise, and `held` is 0. */
  readonly armed: boolean;
  /** What the MSR holds, minutes ahead, so that it does not expire. */
  readonly held: bigint;
}

// The register page of the APIC: the timer's entry, with its mask bit and the mode of deadlines.
const LVT_TIMER = 0x320;
const MASKED = 1 << 16;
const DEADLINE_MODE = 2 << 17;

function setDeadlineCpuid(vcpu: Vcpu, on: boolean): void {
  const bit = 1 << 24;
  vcpu.setCpuid(
    vcpu.cpuid().map((entry) =>
      entry.function === 1
        ? { ...entry, ecx: (on ? entry.ecx | bit : entry.ecx & ~bit) >>> 0 }
        : entry
    ),
  );
}

/** Puts the timer into the mode of deadlines and sets one; gives what the MSR then holds. */
function arm(vcpu: Vcpu): bigint {
  const lapic = vcpu.lapic();
  new DataView(lapic.buffer).setUint32(LVT_TIMER, DEADLINE_MODE | MASKED | 0xec, true);
  vcpu.setLapic(lapic);
  vcpu.setMsrs([[DEADLINE, vcpu.getMsr(Msr.IA32_TSC) + (1n << 40n)]]);
  return vcpu.getMsr(DEADLINE);
}

function bootTimer(kvm: Kvm, irqchip: boolean, cpuid: boolean): TimerGuest {
  const vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  if (irqchip) vm.createIrqchip();
  const session = bootWalker(vm);
  setDeadlineCpuid(session.vcpu, cpuid);
  const armed = irqchip && cpuid;
  return {
    name: `${irqchip ? "with" : "without"} an irqchip, ${cpuid ? "with" : "without"} the CPUID bit`,
    vm,
    session,
    armed,
    held: armed ? arm(session.vcpu) : 0n,
    [Symbol.dispose]: () => vm.close(),
  };
}

/** Calls `body` with a guest of each make. */
function forEachGuest(kvm: Kvm, body: (guest: TimerGuest) => void): void {
  for (const irqchip of [false, true]) {
    for (const cpuid of [false, true]) {
      using guest = bootTimer(kvm, irqchip, cpuid);
      body(guest);
    }
  }
}

/** Filters that deny `kind`: by a range, by a wide range, and by default. */
function denials(kind: MsrAccessKind): MsrFilter[] {
  return [
    new MsrFilter(denyOnly(DEADLINE, kind)),
    new MsrFilter(denyOnly(0x6c0, kind, 0x40)),
    new MsrFilter(denyOnly(DEADLINE, "read-write")),
    MsrFilter.DENY_ALL,
  ];
}

function assertHeld({ session, held, name }: TimerGuest, circumstances: string): void {
  assertEquals(session.vcpu.getMsr(DEADLINE), held, `the deadline, ${name}, ${circumstances}`);
}

function assertAllowed({ name, vm, session, armed, held }: TimerGuest): void {
  vm.setMsrFilter(denyOnly(DEADLINE, "read"));
  assertWalk(session, `${name}, reads denied`, [passes(write(DEADLINE, held))]);
  vm.setMsrFilter(MsrFilter.ALLOW_ALL);
  if (!armed) return;
  assertWalk(session, `${name}, all allowed`, [completes(write(DEADLINE, held + 2n))]);
  assertEquals(session.vcpu.getMsr(DEADLINE), held + 2n, "the deadline that the guest set");
}

function assertDenied(guest: TimerGuest): void {
  const { name, vm, session, held } = guest;
  const values = [0n, 1n, held + 1n, 1n << 50n, 0xffff_ffff_ffff_ffffn];
  for (const filter of denials("write")) {
    const what = `${name}, ${filter}`;
    vm.setMsrFilter(filter);
    vm.enableUserSpaceMsr(["filter"]);
    assertWalk(session, what, values.map((value) => exits(write(DEADLINE, value))));
    assertHeld(guest, what);
    vm.enableUserSpaceMsr(["inval", "unknown"]);
    const faulting = values.map((value) => faults(write(DEADLINE, value)));
    assertWalk(session, `${what}, FILTER off`, faulting);
    assertHeld(guest, `${what}, FILTER off`);
  }
}

clause("X-75", "a denied write of IA32_TSC_DEADLINE is denied", ({ kvm }) => {
  // What is known to be broken, D-01, comes last: what it ends is decided before.
  forEachGuest(kvm, assertAllowed);
  forEachGuest(kvm, assertDenied);
});

clause("X-76", "a denied read of IA32_TSC_DEADLINE is denied", ({ kvm }) => {
  forEachGuest(kvm, (guest) => {
    const { name, vm, session, armed, held } = guest;
    for (const filter of denials("read")) {
      const what = `${name}, ${filter}`;
      vm.setMsrFilter(filter);
      vm.enableUserSpaceMsr(["filter"]);
      assertWalk(session, what, [exits(read(DEADLINE)), exits(read(DEADLINE))]);
      vm.enableUserSpaceMsr(["inval", "unknown"]);
      assertWalk(session, `${what}, FILTER off`, [faults(read(DEADLINE))]);
      assertHeld(guest, what);
    }
    vm.enableUserSpaceMsr(["filter"]);
    for (const filter of [denyOnly(DEADLINE, "write"), { default: "allow" } as const]) {
      vm.setMsrFilter(filter);
      assertWalk(session, `${name}, reads allowed`, [
        armed ? completes(read(DEADLINE), held) : passes(read(DEADLINE)),
      ]);
    }
  });
});
