/**
 * Where an MSR exit's operation is kept until the vCPU is entered again, and
 * where the #GP of a refused one is afterwards.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  asm64,
  assertGp,
  assertMsrExit,
  assertNoFault,
  IOCTL,
  type Kvm,
  kvmRunOffset,
  type Observation,
  Session,
  type Vcpu,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { completeOnly } from "../support/complete_only.ts";
import {
  accept,
  assertHostSees,
  assertRegs,
  bootDenied,
  DENIED_ACCESSES,
  nextMsrExit,
  registersAfter,
  SUPPLIED,
  toExit,
} from "../support/msr_exits.ts";
import { KNOWN_MSRS } from "../support/msr_probes.ts";
import { OTHER_CALLS, type OtherCall } from "../support/other_calls.ts";
import { capability } from "../support/requirements.ts";
import { assertRefused } from "../support/raw_filter.ts";
import { assertRegisters, registersBefore, type SentinelAccess } from "../support/sentinels.ts";
import { nameAccess } from "../support/walked.ts";

const COPIED_MSRS = KNOWN_MSRS.map(({ index }) => index);
const OTHER_VALUE = 0xfedc_ba98_7654_3210n;

/** Gives `target` all of the state of `source` that user space can read and a guest here has. */
function copyState(source: Vcpu, target: Vcpu): void {
  target.setCpuid(source.cpuid());
  target.setSregs(source.sregs());
  target.setMsrs(COPIED_MSRS.map((index) => [index, source.getMsr(index)]));
  target.setRegs(source.regs());
  target.setDebugRegs(source.debugRegs());
  target.setMpState(source.mpState());
  target.setEvents(source.events());
}

/** A vCPU that has never run, and what the guest says when it ends there. */
interface FreshGuest extends Disposable {
  readonly name: string;
  readonly vcpu: Vcpu;
  readonly session: Session;
}

const PLACES: readonly ((kvm: Kvm, source: Session) => FreshGuest)[] = [
  (_, source) => {
    const vcpu = source.vm.createVcpu();
    return {
      name: "another vCPU of the VM",
      vcpu,
      session: source,
      [Symbol.dispose]: () => vcpu.close(),
    };
  },
  (kvm, source) => {
    const vm = kvm.createVm();
    const session = bootDenied(vm);
    for (const { gpa, size } of vm.memory.slots) {
      vm.memory.write(gpa, source.vm.memory.bytes(gpa, size));
    }
    return {
      name: "a vCPU of another VM",
      vcpu: session.vcpu,
      session,
      [Symbol.dispose]: () => vm.close(),
    };
  },
];

/** Copies the state of the guest in `source` to a fresh vCPU in each place. */
function eachCopy(kvm: Kvm, source: Session, check: (fresh: FreshGuest) => void): void {
  for (const place of PLACES) {
    using fresh = place(kvm, source);
    copyState(source.vcpu, fresh.vcpu);
    check(fresh);
  }
}

/** Runs a copy to its end, which must be its next exit. */
function endOf({ vcpu, session }: FreshGuest, detail: string): Observation {
  const exit = vcpu.run();
  const seen = session.endOf(exit);
  assert(seen !== undefined, `Wanted the end of the program, got ${exit.name}, ${detail}`);
  return seen;
}

function assertExecutedAgain(fresh: FreshGuest, source: Session, access: SentinelAccess): void {
  const name = `${nameAccess(access)} copied to ${fresh.name}`;
  const exit = fresh.vcpu.run();
  assert(
    exit.name === (access.kind === "read" ? "X86_RDMSR" : "X86_WRMSR"),
    `Wanted a second exit, got ${exit.name}, ${name}`,
  );
  const { rax, rdx } = registersBefore(access);
  const written = (rdx & 0xffff_ffffn) << 32n | (rax & 0xffff_ffffn);
  assertMsrExit(source, exit, {
    index: access.index,
    reasons: ["filter"],
    data: access.kind === "read" ? 0n : written,
  });
  assertRegs(source, fresh.vcpu.regs(), registersBefore(access), "access", name);
  accept(exit, OTHER_VALUE);
  const seen = endOf(fresh, name);
  assertNoFault(source, seen);
  assertRegisters(source, seen, registersAfter(access, OTHER_VALUE), name);
}

clause(
  "K-19",
  "the pending operation is in no state that user space copies: on a fresh vCPU the " +
    "instruction is executed again",
  { requires: [capability("IMMEDIATE_EXIT")] },
  ({ kvm }) => {
    for (const access of DENIED_ACCESSES) {
      using vm = kvm.createVm();
      const session = bootDenied(vm);
      const name = nameAccess(access);
      for (const refuse of [false, true]) {
        const exit = toExit(session, access);
        if (refuse) exit.refuse();
        else accept(exit);
        eachCopy(kvm, session, (fresh) => assertExecutedAgain(fresh, session, access));

        completeOnly(session);
        eachCopy(kvm, session, (fresh) => {
          const detail = `${name} completed, then copied to ${fresh.name}`;
          const seen = endOf(fresh, detail);
          if (refuse) return void assertGp(session, seen, { rip: session.symbol("access") });
          assertNoFault(session, seen);
          assertRegisters(session, seen, registersAfter(access), detail);
        });

        const seen = session.finish();
        if (refuse) assertGp(session, seen, { rip: session.symbol("access") });
        else assertRegisters(session, seen, registersAfter(access), `${name} where it exited`);
      }
    }
  },
);

/** What user space may do with a VM and its vCPU without entering it. */
const DOINGS: Readonly<Record<string, OtherCall>> = {
  "KVM_ENABLE_CAP of KVM_CAP_X86_USER_SPACE_MSR": (_, vm) => vm.enableUserSpaceMsr(["filter"]),
  "KVM_RUN of another vCPU": (_, vm) => {
    const session = Session.boot(vm, asm64`jmp finish`);
    assertNoFault(session, session.finish());
  },
  // A bit without a meaning, of the 32 that KVM looks at, is refused before anything completes.
  "KVM_RUN that is refused": (vcpu, vm) => {
    if (vm.checkExtension("SYNC_REGS") === 0) return;
    const at = kvmRunOffset("kvm_valid_regs");
    const valid = vcpu.kvmRun.getBigUint64(at, true);
    vcpu.kvmRun.setBigUint64(at, 1n << 31n, true);
    assertRefused(vcpu.raw(IOCTL.RUN), "EINVAL", "KVM_RUN with kvm_valid_regs of 1 << 31");
    vcpu.kvmRun.setBigUint64(at, valid, true);
  },
  ...OTHER_CALLS,
};

clause(
  "K-20",
  "the operation lands only when its vCPU is entered, whatever else user space does before",
  ({ kvm }) => {
    for (const access of DENIED_ACCESSES) {
      for (const refuse of [false, true]) {
        using vm = kvm.createVm();
        const session = bootDenied(vm);
        const exit = toExit(session, access);
        if (refuse) exit.refuse();
        else accept(exit);
        const name = `${nameAccess(access)} ${refuse ? "refused" : "accepted"}`;
        for (const [doing, act] of Object.entries(DOINGS)) {
          act(session.vcpu, vm);
          const detail = `${name}, then ${doing}`;
          assertHostSees(session, registersBefore(access), "access", detail);
          const events = session.vcpu.events();
          const waiting = events["exception.pending"] | events["exception.injected"];
          assertEquals(waiting, 0, `exceptions to deliver, ${detail}`);
        }
        const seen = session.finish();
        if (refuse) {
          assertGp(session, seen, { rip: session.symbol("access") });
          assertRegisters(session, seen, registersBefore(access), name);
        } else {
          assertNoFault(session, seen);
          assertRegisters(session, seen, registersAfter(access), name);
        }
      }
    }
  },
);

/** Asserts that `vcpu` has an exception to deliver: #GP with error code 0, and nothing else. */
function assertGpWaits({ vcpu }: Session, payloads: boolean, detail: string): void {
  const events = vcpu.events();
  // Without the capability the kernel tells an exception that is pending as one being delivered.
  const states = [events["exception.injected"], events["exception.pending"]];
  if (payloads) assertEquals(states, [0, 1], `injected and pending, ${detail}`);
  else assert(states.includes(1), `No exception is injected or pending, ${detail}`);
  assertEquals(events["exception.nr"], 13, `vector, ${detail}`);
  assertEquals(events["exception.has_error_code"], 1, `has_error_code, ${detail}`);
  assertEquals(events["exception.error_code"], 0, `error code, ${detail}`);
  assertEquals(events.exception_has_payload, 0, `payload, ${detail}`);
  assertEquals([events["interrupt.injected"], events["nmi.injected"]], [0, 0], detail);
}

function assertNothingWaits({ vcpu }: Session, detail: string): void {
  const events = vcpu.events();
  const states = [events["exception.injected"], events["exception.pending"]];
  assertEquals(states, [0, 0], `injected and pending, ${detail}`);
}

clause(
  "X-72",
  "after completion KVM_GET_VCPU_EVENTS shows the #GP of a refused access: vector 13, error code 0",
  { requires: [capability("IMMEDIATE_EXIT"), capability("EXCEPTION_PAYLOAD")] },
  ({ kvm }) => {
    for (const payloads of [false, true]) {
      using vm = kvm.createVm();
      if (payloads) vm.enableCap("EXCEPTION_PAYLOAD", [1n]);
      const session = bootDenied(vm);
      for (const access of DENIED_ACCESSES) {
        for (const error of [1, 2, 0x80, 0xff]) {
          const name = `${nameAccess(access)} refused with ${error}`;
          toExit(session, access).refuse(error);
          assertNothingWaits(session, `${name}, before the entry`);
          completeOnly(session);
          assertGpWaits(session, payloads, name);
          completeOnly(session);
          assertGpWaits(session, payloads, `${name}, entered twice`);
          session.vcpu.setEvents(session.vcpu.events());
          assertGp(session, session.finish(), { rip: session.symbol("access") });
          assertNothingWaits(session, `${name}, after the end`);
        }

        const name = nameAccess(access);
        toExit(session, access).refuse();
        completeOnly(session);
        session.vcpu.setEvents({});
        assertNothingWaits(session, `${name}, its #GP taken away`);
        accept(nextMsrExit(session, access.kind));
        completeOnly(session);
        assertNothingWaits(session, `${name} accepted`);
        const seen = session.finish();
        assertNoFault(session, seen);
        assertRegisters(session, seen, registersAfter(access, SUPPLIED), name);
      }
    }
  },
);
