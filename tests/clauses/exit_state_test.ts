/**
 * What an MSR exit and its completion leave as it is.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { asm64, kvmRunOffset, Msr, type Session } from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { completeOnly } from "../support/complete_only.ts";
import { accept, bootDenied, KINDS, nextMsrExit } from "../support/msr_exits.ts";
import { capability } from "../support/requirements.ts";

const CR8 = 5n;
/** DR6 with B1 set, and DR7 without a breakpoint; addresses in DR0 to DR3. */
const DEBUG = { db: [0x1000n, 0x2000n, 0x3000n, 0x4000n], dr6: 0xffff_0ff2n, dr7: 0x400n };

/** Asserts that `kvm_run` shows the state of the vCPU, as it does at every exit. */
function assertShown({ vcpu }: Session, interrupts: boolean, detail: string): void {
  const view = vcpu.kvmRun;
  const shown = {
    if_flag: view.getUint8(kvmRunOffset("if_flag")),
    cr8: view.getBigUint64(kvmRunOffset("cr8"), true),
    apic_base: view.getBigUint64(kvmRunOffset("apic_base"), true),
  };
  const { cr8, apic_base } = vcpu.sregs();
  assertEquals(shown, { if_flag: Number(interrupts), cr8, apic_base }, `kvm_run, ${detail}`);
}

clause(
  "X-117",
  "an MSR exit and its completion change no system, control or debug register, and kvm_run shows " +
    "IF, CR8 and the APIC's base as at every exit",
  { requires: [capability("IMMEDIATE_EXIT")] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootDenied(vm);
    const { vcpu } = session;
    session.finish(); // What a vCPU is given may look otherwise once it has run.
    // Where the local APIC is not in the kernel, KVM_RUN takes CR8 from here.
    vcpu.kvmRun.setBigUint64(kvmRunOffset("cr8"), CR8, true);
    vcpu.setSregs({ ...vcpu.sregs(), cr8: CR8 });
    vcpu.setDebugRegs({ ...vcpu.debugRegs(), ...DEBUG });
    const state = () => ({ sregs: vcpu.sregs(), debugRegs: vcpu.debugRegs() });
    for (const kind of KINDS) {
      for (const interrupts of [false, true]) {
        for (const refuse of [false, true]) {
          session.load(asm64`
            ${interrupts ? "sti" : "cli"}
            mov ecx, ${Msr.KERNEL_GS_BASE}
            ${kind === "read" ? "rdmsr" : "wrmsr"}
            jmp finish
          `);
          const before = state();
          const detail = `${kind} ${refuse ? "refused" : "accepted"}, IF ${Number(interrupts)}`;
          const exit = nextMsrExit(session, kind);
          assertShown(session, interrupts, detail);
          assertEquals(state(), before, `at the exit, ${detail}`);
          if (refuse) exit.refuse();
          else accept(exit);
          completeOnly(session);
          assertShown(session, interrupts, `${detail}, completed`);
          assertEquals(state(), before, `completed, ${detail}`);
          assertEquals(session.finish().fault?.vector, refuse ? 13 : undefined, detail);
        }
      }
    }
  },
);
