/**
 * Where the guest goes on after an MSR access, and the frame of its #GP.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  type AsmSource,
  assertGp,
  assertNoFault,
  type Kvm,
  Msr,
  MSR_EXIT_REASONS,
  type MsrAccess,
  Session,
  type WalkedAccess,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { completeOnly } from "../support/complete_only.ts";
import { assertGoesOnAtZero } from "../support/eip_wrap.ts";
import { DENIES_SOME, FAILING_ACCESSES } from "../support/failing_accesses.ts";
import { KINDS, nextMsrExit } from "../support/msr_exits.ts";
import { capability, reportsUnknownMsrs } from "../support/requirements.ts";
import { RFLAGS_PATTERNS, RFLAGS_RF } from "../support/rflags.ts";
import { assertRegisters } from "../support/sentinels.ts";
import { nameAccess } from "../support/walked.ts";

/** Prefixes that change nothing but the length, up to the 15 bytes of the longest instruction. */
const PREFIXES: readonly (readonly number[])[] = [
  [],
  [0x40],
  [0x48],
  [0x4f],
  [0x2e],
  [0x66],
  [0x67],
  [0x3e, 0x48],
  [0x26, 0x36, 0x2e, 0x48],
  Array.from({ length: 13 }, () => 0x2e),
  [...Array.from({ length: 12 }, () => 0x3e), 0x48],
];

const PUSHES = 15;

function instruction(kind: MsrAccess["kind"], prefixes: readonly number[]): string {
  return `${prefixes.length === 0 ? "" : `db ${prefixes.join(", ")}`}
    ${kind === "read" ? "rdmsr" : "wrmsr"}`;
}

/** One access; of the one-byte instructions after it, RSP shows how many were executed. */
function prefixed(kind: MsrAccess["kind"], index: number, prefixes: readonly number[]): AsmSource {
  return asm64`
    mov ecx, ${index}
    mov eax, 0x18
    mov edx, 0
  access:
    ${instruction(kind, prefixes)}
  after:
    ${"push rbx\n".repeat(PUSHES)}
    jmp finish
  `;
}

function namePrefixed(kind: MsrAccess["kind"], index: number, prefixes: readonly number[]): string {
  const bytes = prefixes.map((byte) => byte.toString(16)).join(" ");
  return nameAccess({ kind, index }, `with prefixes "${bytes}"`);
}

/** Boots a guest on which {@linkcode DENIES_SOME} is in force. */
function withPrefixes(
  kvm: Kvm,
  check: (session: Session, access: MsrAccess, name: string) => void,
): void {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(DENIES_SOME);
  const session = Session.boot(vm, asm64`jmp finish`);
  for (const kind of KINDS) {
    for (const prefixes of PREFIXES) {
      for (const index of [Msr.IA32_SYSENTER_CS, Msr.KERNEL_GS_BASE, Msr.SYSCALL_MASK]) {
        session.load(prefixed(kind, index, prefixes));
        check(session, { kind, index }, namePrefixed(kind, index, prefixes));
      }
    }
  }
}

clause(
  "X-57",
  "RIP advances by the instruction's length, its prefixes included, and wraps with 32 bits",
  { requires: [capability("IMMEDIATE_EXIT")] },
  ({ kvm, execution }) => {
    withPrefixes(kvm, (session, access, name) => {
      const { rsp } = session.vcpu.regs();
      if (access.index !== Msr.SYSCALL_MASK) {
        nextMsrExit(session, access.kind);
        completeOnly(session);
        assertEquals(session.vcpu.regs().rip, session.symbol("after"), name);
      }
      const seen = session.finish();
      assertNoFault(session, seen);
      assertRegisters(session, seen, { rsp: rsp - 8n * BigInt(PUSHES) }, name);
    });
    assertGoesOnAtZero(kvm, execution);
  },
);

/** Walks the failing accesses: the kernel raises #GP of itself, then when user space refuses. */
function eachFault(
  kvm: Kvm,
  check: (walked: WalkedAccess, rip: bigint, name: string) => void,
): void {
  for (const mask of [[], MSR_EXIT_REASONS]) {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(mask);
    vm.setMsrFilter(DENIES_SOME);
    const session = Session.boot(vm, asm64`jmp finish`);
    const walked = session.walk(FAILING_ACCESSES, {
      onRdmsr: (exit) => exit.refuse(),
      onWrmsr: (exit) => exit.refuse(),
    });
    for (const access of walked) {
      const name = nameAccess(access.access, mask.length === 0 ? "" : "refused");
      check(access, session.symbol(`${access.access.kind}_msr`), name);
    }
  }
}

clause(
  "X-58",
  "#GP pushes the RIP of the RDMSR or WRMSR itself, prefixes included",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    eachFault(kvm, ({ fault }, rip, name) => assertEquals(fault?.rip, rip, name));
    withPrefixes(kvm, (session, access) => {
      if (access.index === Msr.SYSCALL_MASK) return;
      nextMsrExit(session, access.kind).refuse();
      assertGp(session, session.finish(), { rip: session.symbol("access") });
    });
  },
);

clause(
  "X-59",
  "#GP pushes error code 0",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => eachFault(kvm, ({ fault }, _, name) => assertEquals(fault?.errorCode, 0, name)),
);

/** One access, with the registers that the host puts there and the RFLAGS that are in RBX. */
const FLAGGED = {
  read: asm64`
    push rbx
    popfq
  access:
    rdmsr
    jmp finish`,
  write: asm64`
    push rbx
    popfq
  access:
    wrmsr
    jmp finish`,
} as const;

clause(
  "X-60",
  "#GP pushes RFLAGS with RF set and all other flags as they were",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    for (const mask of [[], MSR_EXIT_REASONS]) {
      using vm = kvm.createVm();
      vm.enableUserSpaceMsr(mask);
      vm.setMsrFilter(DENIES_SOME);
      const session = Session.boot(vm, asm64`jmp finish`);
      for (const { kind, index, value = 0n } of FAILING_ACCESSES) {
        session.load(FLAGGED[kind]);
        const regs = { rcx: BigInt(index), rax: value & 0xffff_ffffn, rdx: value >> 32n };
        for (const rflags of RFLAGS_PATTERNS) {
          session.restart();
          session.vcpu.setRegs({ ...session.vcpu.regs(), ...regs, rbx: rflags });
          if (mask.length > 0) nextMsrExit(session, kind).refuse();
          const seen = session.finish();
          const fault = assertGp(session, seen, { rip: session.symbol("access") });
          const name = nameAccess({ kind, index }, mask.length === 0 ? "" : "refused");
          assertEquals(fault.rflags, rflags | RFLAGS_RF, `RFLAGS pushed by #GP of the ${name}`);
        }
      }
    }
  },
);
