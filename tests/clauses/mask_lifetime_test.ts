/**
 * How long a mask of `KVM_CAP_X86_USER_SPACE_MSR` lasts: until the next one
 * that is accepted, at whatever time that comes.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  CAP,
  encodeRawEnableCap,
  HostMemory,
  IOCTL,
  type Kvm,
  Msr,
  MSR_EXIT_REASONS,
  type MsrExitReason,
  MsrFilter,
  type RawResult,
  type Session,
  type Vm,
} from "@trapline/trapline";
import { assertWalk, bootWalker, exits, faults, read, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { DENIES_SOME, FAILING_ACCESSES } from "../support/failing_accesses.ts";
import { accept, SUPPLIED } from "../support/msr_exits.ts";
import { assertAccepted, assertRefused } from "../support/raw_filter.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";
import { ToldGuest } from "../support/told_guest.ts";
import { nameAccess } from "../support/walked.ts";

/** All eight masks. */
const MASKS: readonly (readonly MsrExitReason[])[] = Array.from(
  { length: 8 },
  (_, mask) => MSR_EXIT_REASONS.filter((_, bit) => (mask >> bit & 1) === 1),
);

/** Asserts by accesses that fail for every reason which of them are in the mask. */
function assertMask(session: Session, mask: readonly MsrExitReason[], when: string): void {
  assertWalk(
    session,
    `mask ${mask.join("+") || "0"}, ${when}`,
    FAILING_ACCESSES.map((access) =>
      mask.includes(access.cause) ? exits(access, access.cause) : faults(access)
    ),
  );
}

function enable(vm: Vm, args: readonly bigint[], flags = 0): RawResult {
  const argument = encodeRawEnableCap({ cap: CAP.X86_USER_SPACE_MSR, flags, args });
  return vm.raw(IOCTL.ENABLE_CAP, argument);
}

/** Every way in which enabling the capability fails, by what is wrong. */
function refuseInEveryWay(vm: Vm, other: bigint): void {
  for (const bit of [3n, 31n, 32n, 63n]) {
    assertRefused(enable(vm, [1n << bit | other]), "EINVAL", `bit ${bit} of the mask`);
  }
  for (const bit of [0, 1, 31]) {
    assertRefused(enable(vm, [other], (1 << bit) >>> 0), "EINVAL", `bit ${bit} of the flags`);
  }
  const argument = encodeRawEnableCap({ cap: CAP.X86_USER_SPACE_MSR, flags: 0, args: [other] });
  for (const vcpu of vm.vcpus) {
    assertRefused(vcpu.raw(IOCTL.ENABLE_CAP, argument), "EINVAL", "on the vCPU");
  }
  using memory = HostMemory.allocate(1);
  memory.bytes.set(argument.subarray(0, 64), memory.bytes.length - 64);
  const cut = memory.end - 64n;
  assertRefused(vm.raw(IOCTL.ENABLE_CAP, cut), "EFAULT", "a structure cut short");
  assertRefused(vm.raw(IOCTL.ENABLE_CAP, 0), "EFAULT", "no structure");
}

function filteredGuest(kvm: Kvm): { vm: Vm; session: Session } & Disposable {
  const vm = kvm.createVm();
  vm.setMsrFilter(DENIES_SOME);
  return { vm, session: bootWalker(vm), [Symbol.dispose]: () => vm.close() };
}

clause(
  "X-32",
  "enabling the capability changes nothing of the mask when it fails",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    using guest = filteredGuest(kvm);
    for (const mask of MASKS) {
      guest.vm.enableUserSpaceMsr(mask);
      const number = MASKS.indexOf(mask);
      for (const other of [0, 7, 7 - number]) refuseInEveryWay(guest.vm, BigInt(other));
      assertMask(guest.session, mask, "after others were refused");
    }
  },
);

/** Changes the mask while the guest of a VM that denies all is in the midst of one `KVM_RUN`. */
async function assertChangesInTheRun(kvm: Kvm): Promise<void> {
  using vm = kvm.createVm();
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  await using guest = await ToldGuest.boot(vm);
  guest.enter();
  for (const round of [1, 2]) {
    for (const access of [read(Msr.IA32_SYSENTER_CS), write(Msr.KERNEL_GS_BASE, 0x1000n)]) {
      const name = nameAccess(access, `in one run, round ${round}`);
      assertEquals(guest.access(access), "#GP", `${name}: the mask off`);
      vm.enableUserSpaceMsr(["filter"]);
      accept(await guest.exitOf(access));
      guest.enter();
      assertEquals(guest.outcome(), access.value ?? SUPPLIED, `${name}: user space accepted it`);
      vm.enableUserSpaceMsr([]);
    }
  }
  assertEquals(guest.access(read(Msr.IA32_SYSENTER_CS)), "#GP", "in one run, the mask off again");
  await guest.stop();
}

const MANY = 1000;

clause(
  "X-37",
  "the mask may be changed at any time and any number of times, and 0 turns it off",
  { requires: [reportsUnknownMsrs] },
  async ({ kvm }) => {
    for (const mask of MASKS) {
      using vm = kvm.createVm();
      vm.enableUserSpaceMsr(mask);
      vm.setMsrFilter(DENIES_SOME);
      assertMask(bootWalker(vm), mask, "older than the vCPU");
    }
    using guest = filteredGuest(kvm);
    const { vm, session } = guest;
    assertMask(session, [], "never set");
    // Each mask after each other one.
    for (const before of MASKS) {
      for (const mask of MASKS) {
        vm.enableUserSpaceMsr(before);
        vm.enableUserSpaceMsr(mask);
        if (mask === before) continue;
        assertMask(session, mask, `after mask ${before.join("+") || "0"}`);
      }
    }
    for (let i = 0; i < MANY; i++) assertAccepted(enable(vm, [BigInt(i % 8)]), `mask number ${i}`);
    assertMask(session, MASKS[(MANY - 1) % 8]!, `after ${MANY} changes`);
    for (const mask of MASKS) {
      vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
      session.load(asm64`mov ecx, ${Msr.IA32_SYSENTER_CS}
        rdmsr
        jmp finish`);
      session.next("X86_RDMSR").supply(1n);
      vm.enableUserSpaceMsr(mask);
      assertMask(session, mask, "set at an exit");
    }
    vm.enableUserSpaceMsr([]);
    assertMask(session, [], "turned off in the end");
    await assertChangesInTheRun(kvm);
  },
);
