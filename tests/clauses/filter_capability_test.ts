/**
 * `KVM_CAP_X86_MSR_FILTER`: that it is reported, and what it is for.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  asm64,
  assertGp,
  assertMsrExit,
  assertNoFault,
  CAP,
  encodeRawMsrFilter,
  formatMsr,
  guest,
  IOCTL,
  Msr,
  MsrFilter,
  Session,
  type Vm,
} from "@trapline/trapline";
import { assertWalk, bootWalker, exits, read, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { denyOnly, UNKNOWN_MSRS } from "../support/msr_probes.ts";
import { capability, cpuidBit } from "../support/requirements.ts";
import { assertExited, nameAccess } from "../support/walked.ts";

clause(
  "C-01",
  "KVM_CHECK_EXTENSION reports KVM_CAP_X86_MSR_FILTER on both descriptors",
  { nativeOnly: "no guest runs" },
  ({ kvm }) => {
    using vm = kvm.createVm();
    assertEquals(CAP.X86_MSR_FILTER, 189, "the number of KVM_CAP_X86_MSR_FILTER");
    for (const [where, handle] of [["/dev/kvm", kvm], ["the VM", vm]] as const) {
      const value = handle.checkExtension("X86_MSR_FILTER");
      assert(value > 0, `KVM_CHECK_EXTENSION on ${where}: ${value}`);
    }
  },
);

clause(
  "C-02",
  "where the capability is reported, the ioctl exists and filters",
  { requires: [capability("X86_MSR_FILTER")] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["filter"]);
    const filter = encodeRawMsrFilter({
      flags: 0,
      ranges: [{ flags: 3, nmsrs: 1, base: Msr.IA32_SYSENTER_CS, bitmap: new Uint8Array(8) }],
    });
    const result = vm.raw(IOCTL.X86_SET_MSR_FILTER, filter.bytes);
    assertEquals(result, { result: 0, errno: 0 });
    const accesses = [read(Msr.IA32_SYSENTER_CS), write(Msr.IA32_SYSENTER_CS, 0x18n)];
    assertWalk(bootWalker(vm), "one range denies", accesses.map((access) => exits(access)));
  },
);

const FIRST_VALUE = 0x5eed_0000_0000_0001n;
const LEGAL_VALUE = 0x1234_5678_9abc_def0n;
const ILLEGAL_VALUE = 0x8000_0000_0000_0000n;

/** What a guest does with an MSR of user space's making, and what it must observe. */
const LIFE_OF_AN_MSR = [
  { access: read, observed: FIRST_VALUE },
  { access: (index: number) => write(index, LEGAL_VALUE), observed: "completion" },
  { access: read, observed: LEGAL_VALUE },
  { access: (index: number) => write(index, ILLEGAL_VALUE), observed: "#GP" },
  { access: read, observed: LEGAL_VALUE },
] as const;

clause("C-03", "user space can emulate MSRs that KVM does not know, by denying them", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  const session = bootWalker(vm);
  const state = new Map(UNKNOWN_MSRS.map((index) => [index, FIRST_VALUE]));
  const steps = LIFE_OF_AN_MSR.flatMap(({ access, observed }) =>
    UNKNOWN_MSRS.map((index) => ({ access: access(index), observed }))
  );
  const walked = session.walk(steps.map(({ access }) => access), {
    onRdmsr: (exit) => exit.supply(state.get(exit.index)!),
    onWrmsr: (exit) => {
      if (exit.data === ILLEGAL_VALUE) return exit.refuse();
      state.set(exit.index, exit.data);
      exit.acknowledge();
    },
  });
  walked.forEach((step, i) => {
    assertExited(session, step, "filter");
    const { observed } = steps[i]!;
    const got = step.fault !== undefined ? "#GP" : step.value ?? "completion";
    assertEquals(got, observed, nameAccess(step.access));
  });
});

/** A page of guest memory, away from the guest's own, that a write to a clock MSR may fill. */
const CLOCK_PAGE = 0x40_0000;
const PAGE_SIZE = 0x1000;
const UNTOUCHED = 0xaa;

/** The clocks, and what a guest writes to have them put there. */
const CLOCKS = [
  { index: Msr.KVM_SYSTEM_TIME_NEW, value: BigInt(CLOCK_PAGE | 1) },
  { index: Msr.KVM_WALL_CLOCK_NEW, value: BigInt(CLOCK_PAGE) },
];

function isUntouched(vm: Vm): boolean {
  return vm.memory.read(CLOCK_PAGE, PAGE_SIZE).every((byte) => byte === UNTOUCHED);
}

clause(
  "C-04",
  "a denied write does not reach the code behind the MSR: kvmclock leaves guest memory alone",
  { requires: [cpuidBit("kvmclock", 0x4000_0001, "eax", 3)] },
  ({ kvm }) => {
    for (const { index, value } of CLOCKS) {
      using vm = kvm.createVm();
      vm.memory.add({ slot: 8, gpa: CLOCK_PAGE, size: PAGE_SIZE });
      vm.memory.bytes(CLOCK_PAGE, PAGE_SIZE).fill(UNTOUCHED);
      vm.setMsrFilter(denyOnly(index, "write"));
      const session = Session.boot(vm, guest.wrmsr(index, value));
      const assertUntouched = (after: string): void => {
        // KVM writes a clock when it next enters the guest: give it another entry.
        session.load(asm64`jmp finish`);
        assertNoFault(session, session.finish());
        assert(isUntouched(vm), `${formatMsr(index)}: guest memory after a denied write ${after}`);
        session.load(guest.wrmsr(index, value));
      };

      assertGp(session, session.finish(), { rip: session.symbol("wrmsr") });
      assertUntouched("that raised #GP");
      vm.enableUserSpaceMsr(["filter"]);
      const refused = session.next("X86_WRMSR");
      assertMsrExit(session, refused, { index, reasons: ["filter"], data: value });
      refused.refuse();
      assertGp(session, session.finish(), { rip: session.symbol("wrmsr") });
      assertUntouched("that was refused");
      session.next("X86_WRMSR").acknowledge();
      assertNoFault(session, session.finish());
      assertUntouched("that was acknowledged");

      vm.setMsrFilter(MsrFilter.ALLOW_ALL);
      assertNoFault(session, session.finish());
      session.load(asm64`jmp finish`);
      assertNoFault(session, session.finish());
      assert(!isUntouched(vm), `${formatMsr(index)}: an allowed write changes guest memory`);
    }
  },
);
