/**
 * Which registers an MSR access reads, and which it changes.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  assertGp,
  assertMsrExit,
  assertNoFault,
  GuestAssertionError,
  type Kvm,
  Msr,
  MSR_EXIT_REASONS,
  type MsrHandlers,
  type Observation,
  Session,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { DENIES_SOME, FAILING_ACCESSES, type FailingAccess } from "../support/failing_accesses.ts";
import { denyOnly, KNOWN_MSRS } from "../support/msr_probes.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";
import { ALL_RFLAGS, RFLAGS_PATTERNS } from "../support/rflags.ts";
import {
  assertRegisters,
  PLAIN_RFLAGS,
  registersBefore,
  type SentinelAccess,
  SENTINELS,
  withSentinels,
} from "../support/sentinels.ts";
import { nameAccess } from "../support/walked.ts";

const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const LOW = 0xffff_ffffn;
const VALUES = [0n, ALL_ONES, 0x8000_0000_8000_0000n, 0x7fff_ffff_0000_0001n];
const SUPPLIED = 0x0123_4567_89ab_cdefn;

/** The access with `value` in EDX:EAX and sentinels in the upper halves. */
function withValue({ kind, index, value = 0n }: FailingAccess, rflags: bigint): SentinelAccess {
  const rax = SENTINELS.rax >> 32n << 32n | value & LOW;
  const rdx = SENTINELS.rdx >> 32n << 32n | value >> 32n;
  return { kind, index, rflags, regs: { rax, rdx } };
}

function run(session: Session, access: SentinelAccess, handlers: MsrHandlers = {}): Observation {
  session.load(withSentinels(access));
  return session.finish(handlers);
}

clause("X-54", "a completed read clears the upper halves of RAX and RDX", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(denyOnly(Msr.IA32_SYSENTER_CS, "read"));
  const session = Session.boot(vm, asm64`jmp finish`);
  const regs = { rax: ALL_ONES, rdx: ALL_ONES };
  for (const value of VALUES) {
    const seen = run(session, { kind: "read", index: Msr.IA32_SYSENTER_CS, regs }, {
      onRdmsr: (exit) => exit.supply(value),
    });
    assertNoFault(session, seen);
    const detail = `read supplied with 0x${value.toString(16)}`;
    assertRegisters(session, seen, { rax: value & LOW, rdx: value >> 32n }, detail);
  }
  for (const { index, values } of KNOWN_MSRS) {
    if (index === Msr.IA32_SYSENTER_CS) continue;
    for (const value of values) {
      session.vcpu.setMsrs([[index, value]]);
      const access: SentinelAccess = { kind: "read", index, regs };
      const seen = run(session, access);
      assertNoFault(session, seen);
      const detail = `allowed ${nameAccess(access)}`;
      assertRegisters(session, seen, { rax: value & LOW, rdx: value >> 32n }, detail);
    }
  }
});

clause("X-56", "a write takes EAX and EDX and ignores the upper halves", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(denyOnly(Msr.IA32_SYSENTER_CS, "write"));
  const session = Session.boot(vm, asm64`jmp finish`);
  for (const upper of [LOW << 32n, 0xdead_beef_0000_0000n, 1n << 63n]) {
    const upperOf = (value: bigint): Pick<typeof SENTINELS, "rax" | "rdx"> => ({
      rax: upper | value & LOW,
      rdx: upper ^ 0x1111_1111_0000_0000n | value >> 32n,
    });
    for (const data of VALUES) {
      session.load(
        withSentinels({ kind: "write", index: Msr.IA32_SYSENTER_CS, regs: upperOf(data) }),
      );
      const exit = session.next("X86_WRMSR");
      assertMsrExit(session, exit, { index: Msr.IA32_SYSENTER_CS, data });
      exit.acknowledge();
      const seen = session.finish();
      assertNoFault(session, seen);
      assertRegisters(session, seen, upperOf(data), "acknowledged write");
    }
    for (const { index, values } of KNOWN_MSRS) {
      if (index === Msr.IA32_SYSENTER_CS) continue;
      for (const value of values) {
        const access: SentinelAccess = { kind: "write", index, regs: upperOf(value) };
        assertNoFault(session, run(session, access));
        const stored = session.vcpu.getMsr(index);
        if (stored === value) continue;
        throw new GuestAssertionError(
          session,
          `allowed ${nameAccess(access)}: 0x${value.toString(16)} stored`,
          `0x${stored.toString(16)}`,
        );
      }
    }
  }
});

/** Makes every failing access as a guest of its own, with the kernel's #GP or with user space's. */
function eachFault(
  kvm: Kvm,
  check: (session: Session, seen: Observation, access: SentinelAccess, detail: string) => void,
): void {
  for (const refused of [false, true]) {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(refused ? MSR_EXIT_REASONS : []);
    vm.setMsrFilter(DENIES_SOME);
    const session = Session.boot(vm, asm64`jmp finish`);
    for (const failing of FAILING_ACCESSES) {
      const access = withValue(failing, ALL_RFLAGS);
      const seen = run(
        session,
        access,
        refused ? { onRdmsr: (exit) => exit.refuse(), onWrmsr: (exit) => exit.refuse() } : {},
      );
      check(session, seen, access, `${nameAccess(failing)}${refused ? ", refused" : ""}`);
    }
  }
}

clause(
  "X-61",
  "an access that raises #GP leaves RAX, RCX, RDX and all other general registers unchanged",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) =>
    eachFault(kvm, (session, seen, access, detail) => {
      assertGp(session, seen, { rip: session.symbol("access") });
      assertRegisters(session, seen, registersBefore(access), detail);
    }),
);

/** Asserts what a completed access leaves behind: a read that gives `value` changes RAX and RDX. */
function assertOnlyResult(
  session: Session,
  access: SentinelAccess,
  value: bigint,
  exits: number,
): void {
  session.load(withSentinels(access));
  const { rsp } = session.vcpu.regs();
  const seen = session.finish({
    onRdmsr: (exit) => exit.supply(value),
    onWrmsr: (exit) => exit.acknowledge(),
  });
  const { rflags = PLAIN_RFLAGS } = access;
  const name = `${nameAccess(access)} with RFLAGS 0x${rflags.toString(16)}`;
  assertNoFault(session, seen);
  assertEquals(session.transcript.count - 1, exits, `exits of the ${name}`);
  assertRegisters(session, seen, {
    ...registersBefore(access),
    ...(access.kind === "read" && { rax: value & LOW, rdx: value >> 32n }),
    rsp,
    rflags,
  }, name);
}

clause(
  "X-62",
  "a completed access changes no general register but a read's result, and no flag",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
    vm.setMsrFilter(DENIES_SOME);
    const session = Session.boot(vm, asm64`jmp finish`);
    for (const failing of FAILING_ACCESSES) {
      assertOnlyResult(session, withValue(failing, ALL_RFLAGS), SUPPLIED, 1);
    }
    for (const rflags of RFLAGS_PATTERNS) {
      for (const index of [Msr.IA32_SYSENTER_CS, Msr.KERNEL_GS_BASE]) {
        assertOnlyResult(session, { kind: "read", index, rflags }, SUPPLIED, 1);
        assertOnlyResult(session, { kind: "write", index, rflags }, SUPPLIED, 1);
      }
    }
    vm.setMsrFilter({ default: "allow" });
    for (const { index, values: [value, written] } of KNOWN_MSRS) {
      session.vcpu.setMsrs([[index, value]]);
      const regs = { rax: written & LOW, rdx: written >> 32n };
      assertOnlyResult(session, { kind: "read", index, rflags: ALL_RFLAGS }, value, 0);
      assertOnlyResult(session, { kind: "write", index, rflags: ALL_RFLAGS, regs }, written, 0);
    }
  },
);
