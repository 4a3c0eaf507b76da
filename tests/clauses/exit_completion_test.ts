/**
 * When an MSR exit's operation is completed, and what can still change it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  asm64,
  type AsmSource,
  assertGp,
  assertNoFault,
  MSR_EXIT_REASONS,
  type MsrAccess,
  type RdmsrExit,
  Session,
  type WrmsrExit,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { completeOnly } from "../support/complete_only.ts";
import { DENIES_SOME, FAILING_ACCESSES } from "../support/failing_accesses.ts";
import {
  accept,
  assertHostSees,
  bootDenied,
  DENIED_ACCESSES,
  registersAfter,
  SUPPLIED,
  toExit,
} from "../support/msr_exits.ts";
import { capability, reportsUnknownMsrs } from "../support/requirements.ts";
import { assertRegisters, registersBefore, type SentinelRegister } from "../support/sentinels.ts";
import { nameAccess } from "../support/walked.ts";

clause(
  "K-16",
  "until the vCPU is entered again, RIP is at the instruction and no register has changed",
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootDenied(vm);
    for (const access of DENIED_ACCESSES) {
      const before = registersBefore(access);
      const name = nameAccess(access);
      const exit = toExit(session, access);
      assertHostSees(session, before, "access", `at the exit of the ${name}`);
      accept(exit);
      assertHostSees(session, before, "access", `after the answer to the ${name}`);
      const seen = session.finish();
      assertNoFault(session, seen);
      assertRegisters(session, seen, registersAfter(access), name);
    }
  },
);

clause(
  "K-17",
  "entering with immediate_exit completes the operation and executes no instruction",
  { requires: [capability("IMMEDIATE_EXIT")] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootDenied(vm);
    for (const access of DENIED_ACCESSES) {
      const name = nameAccess(access);
      accept(toExit(session, access));
      for (const entry of ["first", "second"]) {
        completeOnly(session);
        const detail = `after the ${entry} immediate exit from the ${name}`;
        assertHostSees(session, registersAfter(access), "after", detail);
      }
      const seen = session.finish();
      assertNoFault(session, seen);
      assertRegisters(session, seen, registersAfter(access), name);

      toExit(session, access).refuse();
      completeOnly(session);
      assertHostSees(session, registersBefore(access), "access", `the ${name} refused`);
      const events = session.vcpu.events();
      const pending = events["exception.pending"] | events["exception.injected"];
      assert(pending === 1, `The refused ${name} leaves an exception pending`);
      assertEquals(events["exception.nr"], 13, name);
      assertEquals(events["exception.has_error_code"], 1, name);
      assertEquals(events["exception.error_code"], 0, name);
      assertGp(session, session.finish(), { rip: session.symbol("access") });
    }
  },
);

const CHANGED: Record<SentinelRegister, bigint> = {
  rax: 0x0a0a_0a0a_0a0a_0a0an,
  rcx: 0x0c0c_0c0c_0000_0277n,
  rdx: 0x0d0d_0d0d_0d0d_0d0dn,
  rbx: 0x0b0b_0b0b_0b0b_0b0bn,
  rbp: 0x7000_0000_0000_0001n,
  rsi: 0x7000_0000_0000_0002n,
  rdi: 0x7000_0000_0000_0003n,
  r8: 0x7000_0000_0000_0008n,
  r9: 0x7000_0000_0000_0009n,
  r10: 0x7000_0000_0000_0010n,
  r11: 0x7000_0000_0000_0011n,
  r12: 0x7000_0000_0000_0012n,
  r13: 0x7000_0000_0000_0013n,
  r14: 0x7000_0000_0000_0014n,
  r15: 0x7000_0000_0000_0015n,
};

clause(
  "X-52",
  "a completed read overwrites the RAX and RDX that user space set meanwhile, and no others",
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootDenied(vm);
    for (const access of DENIED_ACCESSES) {
      const name = `${nameAccess(access)} with registers set at its exit`;
      for (const refuse of [false, true]) {
        const exit = toExit(session, access);
        if (refuse) exit.refuse();
        else accept(exit);
        session.vcpu.setRegs({ ...session.vcpu.regs(), ...CHANGED });
        const seen = session.finish();
        if (refuse) assertGp(session, seen, { rip: session.symbol("access") });
        else assertNoFault(session, seen);
        const completed = refuse || access.kind === "write"
          ? CHANGED
          : { ...CHANGED, rax: SUPPLIED & 0xffff_ffffn, rdx: SUPPLIED >> 32n };
        assertRegisters(session, seen, completed, `${name}${refuse ? ", refused" : ""}`);
      }
    }
  },
);

/** Makes one access over and over, `times` in all; its handler counts the #GPs in R15. */
function repeat({ kind, index, value = 0n }: MsrAccess, times: number): AsmSource {
  return asm64`
    mov ebx, ${times}
  again:
    mov ecx, ${index}
    mov eax, ${value & 0xffff_ffffn}
    mov edx, ${value >> 32n}
    ${kind === "read" ? "rdmsr" : "wrmsr"}
    dec ebx
    jnz again
    jmp finish
  vector_13:
    inc r15
    add rsp, 8
    add qword [rsp], 2
    iretq
  `;
}

clause(
  "X-53",
  "each instruction that exits makes exactly one exit",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
    vm.setMsrFilter(DENIES_SOME);
    const session = Session.boot(vm, asm64`jmp finish`);
    const times = 40;
    for (const access of FAILING_ACCESSES) {
      session.load(repeat(access, times));
      for (const refuse of [false, true]) {
        session.restart();
        let exits = 0;
        const answer = (exit: RdmsrExit | WrmsrExit): void => {
          exits++;
          if (refuse) exit.refuse();
          else accept(exit);
        };
        const seen = session.finish(
          access.kind === "read" ? { onRdmsr: answer } : { onWrmsr: answer },
        );
        const name = `${nameAccess(access)}, ${refuse ? "refused" : "accepted"}`;
        assertNoFault(session, seen);
        assertEquals(exits, times, `exits of ${times} times ${name}`);
        assertRegisters(session, seen, { rbx: 0n, r15: BigInt(refuse ? times : 0) }, name);
      }
    }
  },
);
