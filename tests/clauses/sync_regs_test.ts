/**
 * MSR exits with registers in `kvm_run` (`KVM_CAP_SYNC_REGS`).
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { assertFault, assertGp, assertNoFault, type Regs, type Session } from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { completeOnly } from "../support/complete_only.ts";
import {
  accept,
  assertRegs,
  bootDenied,
  DENIED_ACCESSES,
  registersAfter,
  SUPPLIED,
  toExit,
} from "../support/msr_exits.ts";
import { capability } from "../support/requirements.ts";
import { assertRegisters, registersBefore, type SentinelRegister } from "../support/sentinels.ts";
import { nameAccess } from "../support/walked.ts";

/** Asserts that what `kvm_run` holds is what the ioctls give. */
function assertSynced({ vcpu }: Session, detail: string): void {
  assertEquals(vcpu.syncRegs.regs, vcpu.regs(), `regs, ${detail}`);
  assertEquals(vcpu.syncRegs.sregs, vcpu.sregs(), `sregs, ${detail}`);
  assertEquals(vcpu.syncRegs.events, vcpu.events(), `events, ${detail}`);
}

/** Other values than the sentinels, for all registers. */
function changed(before: Record<SentinelRegister, bigint>): Record<SentinelRegister, bigint> {
  const entries = Object.entries(before).map(([name, value]) => [name, ~value & (1n << 64n) - 1n]);
  return Object.fromEntries(entries) as Record<SentinelRegister, bigint>;
}

/** `kvm_run`'s registers with `general` in place of the general ones. */
function withRegisters({ vcpu }: Session, general: Record<SentinelRegister, bigint>): Regs {
  return { ...vcpu.syncRegs.regs, ...general };
}

clause(
  "X-94",
  "kvm_run's registers at the exit are those of KVM_GET_REGS, and dirty ones are applied before " +
    "the operation completes",
  { requires: [capability("SYNC_REGS"), capability("IMMEDIATE_EXIT")] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootDenied(vm);
    const { vcpu } = session;
    for (const access of DENIED_ACCESSES) {
      for (const refuse of [false, true]) {
        const name = `${nameAccess(access)} ${refuse ? "refused" : "accepted"}`;
        const before = registersBefore(access);
        const answer = (): void => {
          vcpu.syncRegs.request(["regs", "sregs", "events"]);
          const exit = toExit(session, access);
          assertSynced(session, `at the exit, ${name}`);
          assertRegs(session, vcpu.syncRegs.regs, before, "access", `at the exit, ${name}`);
          if (refuse) exit.refuse();
          else accept(exit);
        };
        const label = refuse ? "access" : "after";

        answer();
        completeOnly(session);
        assertSynced(session, `completed, ${name}`);
        const after = refuse ? before : registersAfter(access);
        assertRegs(session, vcpu.syncRegs.regs, after, label, `completed, ${name}`);
        const plain = session.finish();
        if (refuse) assertGp(session, plain, { rip: session.symbol("access") });
        else assertNoFault(session, plain);

        answer();
        const dirty = changed(before);
        const { sregs } = vcpu.syncRegs;
        const gs = { ...sregs.gs, base: refuse ? 0x6000n : 0x7000n };
        vcpu.syncRegs.write({
          regs: withRegisters(session, dirty),
          sregs: { ...sregs, gs },
        });
        completeOnly(session);
        assertEquals(vcpu.sregs().gs, gs, `GS from kvm_run, ${name}`);
        const landed = refuse || access.kind === "write"
          ? dirty
          : { ...dirty, rax: SUPPLIED & 0xffff_ffffn, rdx: SUPPLIED >> 32n };
        assertSynced(session, `with dirty registers, ${name}`);
        assertRegs(session, vcpu.syncRegs.regs, landed, label, `with dirty registers, ${name}`);
        const seen = session.finish();
        if (refuse) assertGp(session, seen, { rip: session.symbol("access") });
        else assertNoFault(session, seen);
        assertRegisters(session, seen, landed, `with dirty registers, ${name}`);

        if (refuse) continue;
        answer();
        vcpu.syncRegs.write({ events: { flags: 1, "nmi.pending": 1 } });
        const rip = session.symbol("after");
        const interrupted = session.finish();
        assertFault(session, interrupted, { vector: 2, rip });
        assertRegisters(session, interrupted, registersAfter(access), `NMI in kvm_run, ${name}`);
        vcpu.setEvents({}); // The guest never returns from its NMI.
      }
    }
  },
);
