/**
 * How long a filter lasts: whatever else changes in its VM, until the next
 * filter, and no longer than its VM.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  IOCTL,
  type Kvm,
  MsrFilter,
  MsrRefusedError,
  type MsrValue,
  type Vcpu,
  type Vm,
} from "@trapline/trapline";
import { assertStandingAfterInit } from "../support/after_init.ts";
import { assertVerdicts, verdicts } from "../support/assert_verdicts.ts";
import { assertWalk, bootWalker, completes, exits, faults, read } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { KNOWN_EVERYWHERE, legalValues } from "../support/msr_space.ts";
import { OTHER_CALLS, type OtherCall } from "../support/other_calls.ts";
import {
  assertAccepted,
  assertRefused,
  denying,
  type RawRange,
  setRawFilter,
  slots,
} from "../support/raw_filter.ts";
import { assertStanding, bootStanding } from "../support/standing_filter.ts";

const SPOILED: readonly (readonly [what: string, errno: "EINVAL" | "EFAULT", last: RawRange])[] = [
  ["range flags 0", "EINVAL", denying(0x3000, 1, 0)],
  ["range flags 4", "EINVAL", denying(0x3000, 1, 4)],
  ["0x3001 MSRs", "EINVAL", denying(0x3000, 0x3001)],
  ["no bitmap", "EFAULT", { ...denying(0x3000), bitmap: 0n }],
];

/** Asserts that the VM refuses what is invalid, and then takes a filter that denies `index`. */
function assertValidates(vm: Vm, index: number, when: string): void {
  for (const [what, errno, last] of SPOILED) {
    const ranges = slots({ 0: denying(index), 15: last });
    assertRefused(setRawFilter(vm, { flags: 0, ranges }), errno, `${what}, ${when}`);
  }
  assertRefused(setRawFilter(vm, { flags: 1, ranges: [] }), "EINVAL", `no ranges, ${when}`);
  assertRefused(setRawFilter(vm, { flags: 2, ranges: [] }), "EINVAL", `filter flags 2, ${when}`);
  assertAccepted(setRawFilter(vm, { flags: 0, ranges: [denying(index)] }), `a filter, ${when}`);
}

clause(
  "X-29",
  "a filter is checked and taken alike before the first vCPU, after it, and after it ran",
  ({ kvm }) => {
    const [first, ...others] = KNOWN_EVERYWHERE.map(({ index }) => index);
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["filter"]);
    assertValidates(vm, first!, "without a vCPU");
    const session = bootWalker(vm);
    const assertDenies = (index: number, when: string): void => {
      const rest = [first!, ...others].filter((other) => other !== index);
      assertVerdicts(session, when, [
        ...verdicts("read-write", [index]),
        ...verdicts("neither", rest),
      ]);
    };
    assertDenies(first!, "a filter older than the vCPU");
    assertValidates(vm, others[0]!, "after the vCPU ran");
    assertDenies(others[0]!, "a filter set after the vCPU ran");
    session.load(asm64`mov ecx, ${others[0]!}
      rdmsr
      jmp finish`);
    session.next("X86_RDMSR").supply(1n);
    assertValidates(vm, others[1]!, "at an exit");
    assertDenies(others[1]!, "a filter set at an exit");
    vm.createVcpu();
    assertValidates(vm, others[2]!, "with a vCPU that never ran");
    assertDenies(others[2]!, "a filter set with a vCPU that never ran");
    using vcpuless = kvm.createVm();
    vcpuless.createVcpu();
    assertValidates(vcpuless, first!, "with one vCPU that never ran");
  },
);

/** What a VMM does to a vCPU and its VM beside filtering. */
const CHANGES: Readonly<Record<string, OtherCall>> = {
  "KVM_SET_SREGS with other values": (vcpu) => {
    const sregs = vcpu.sregs();
    vcpu.setSregs({ ...sregs, efer: sregs.efer | 1n, gs: { ...sregs.gs, base: 0x5000n } });
  },
  "KVM_SET_MSRS with other values": (vcpu) => vcpu.setMsrs(legalValues(KNOWN_EVERYWHERE, 1)),
  "KVM_SET_MP_STATE HALTED": (vcpu) => {
    vcpu.setMpState("HALTED");
    vcpu.setMpState("RUNNABLE");
  },
  "KVM_SET_MP_STATE INIT_RECEIVED": (vcpu) => {
    vcpu.setMpState("INIT_RECEIVED");
    vcpu.setMpState("RUNNABLE");
  },
  "KVM_SET_GUEST_DEBUG on and off": (vcpu) => {
    vcpu.setSingleStep(true);
    vcpu.setSingleStep(false);
  },
  "KVM_SET_USER_MEMORY_REGION": (_, vm) => {
    vm.memory.add({ slot: 9, gpa: 0x4000_0000, size: 0x1000 });
    vm.memory.remove(9);
  },
  ...OTHER_CALLS,
};

clause(
  "X-36",
  "a filter outlasts every other call for its VM and vCPUs, heard of by the guest or not, and INIT",
  ({ kvm }) => {
    const vm = kvm.createVm();
    vm.createIrqchip();
    using guest = bootStanding(vm);
    const { session } = guest;
    for (const state of ["HALTED", "UNINITIALIZED", "INIT_RECEIVED"] as const) {
      guest.renew(session, () => session.vcpu.setMpState(state));
      session.vcpu.setMpState("RUNNABLE");
      assertStanding(session, `a filter set in the state ${state}`);
    }
    for (const [name, change] of Object.entries(CHANGES)) {
      change(session.vcpu, vm);
      assertStanding(session, `after ${name}`);
      guest.renew();
      change(session.vcpu, vm);
      assertStanding(session, `after ${name}, under a new filter`);
    }
    for (const isKnown of [true, false]) assertStandingAfterInit(kvm, isKnown);
  },
);

/** The MSRs that the host can read on `vcpu`, with their values. */
function readableMsrs(kvm: Kvm, vcpu: Vcpu): MsrValue[] {
  return kvm.msrIndexList().flatMap((index): MsrValue[] => {
    try {
      return [[index, vcpu.getMsr(index)]];
    } catch (error) {
      if (error instanceof MsrRefusedError) return [];
      throw error;
    }
  });
}

/** Gives `to` the state of `from`, as a migration does. */
function copyState(kvm: Kvm, from: Vcpu, to: Vcpu): void {
  to.setCpuid(from.cpuid());
  to.setSregs(from.sregs());
  for (const msr of readableMsrs(kvm, from)) {
    try {
      to.setMsrs([msr]);
    } catch (error) {
      if (!(error instanceof MsrRefusedError)) throw error;
    }
  }
  to.setEvents(from.events());
  to.setDebugRegs(from.debugRegs());
  to.setRegs(from.regs());
}

/** The filter's ioctl with the direction bits of one that would read it back. */
const READING = [0x8188_aec6, 0xc188_aec6];

clause(
  "X-41",
  "filter and mask are not part of any state that can be read: a rebuilt VM is without them",
  ({ kvm }) => {
    using guest = bootStanding(kvm.createVm());
    const { vm, session } = guest;
    for (const request of READING) {
      const bytes = new Uint8Array(392).fill(0x5a);
      assertRefused(vm.raw(request, bytes), "ENOTTY", `ioctl 0x${request.toString(16)}`);
      assertEquals(bytes, new Uint8Array(392).fill(0x5a), "what would have been read back");
    }
    const { bytes } = new MsrFilter({
      default: "deny",
      ranges: [{ base: 0, count: 1, deny: "read" }],
    })
      .encode();
    const before = bytes.slice();
    assertAccepted(vm.raw(IOCTL.X86_SET_MSR_FILTER, bytes), "a filter over the standing one");
    assertEquals(bytes, before, "the structure after the ioctl");
    const known = KNOWN_EVERYWHERE.map(({ index }) => index);
    assertVerdicts(session, "all denied", verdicts("read-write", known));

    using rebuilt = kvm.createVm();
    const copy = bootWalker(rebuilt);
    session.vcpu.setMsrs(legalValues(KNOWN_EVERYWHERE, 0));
    copyState(kvm, session.vcpu, copy.vcpu);
    const values = legalValues(KNOWN_EVERYWHERE, 0).map(([index, value]) =>
      completes(read(index), value)
    );
    assertWalk(copy, "in a VM with the state of the other", values);
    assertVerdicts(copy, "in a rebuilt VM", verdicts("neither", known));
    rebuilt.setMsrFilter(MsrFilter.DENY_ALL);
    assertWalk(
      copy,
      "filtered in its turn, without a mask",
      known.map((index) => faults(read(index))),
    );
    assertWalk(session, "the first VM", known.map((index) => exits(read(index))));
  },
);
