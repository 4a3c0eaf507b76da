/**
 * What a filter takes from a guest's own MSRs: what it denies, as long as it does.
 *
 * @module
 */
import {
  asm64,
  type AsmSource,
  formatMsr,
  GuestAssertionError,
  Kvm,
  Msr,
  MsrFilter,
  Session,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { countsExits, exitCount } from "../support/exit_count.ts";
import type { Facts } from "../support/facts.ts";
import { ALWAYS_HANDED_OVER } from "../support/handed_over_msrs.ts";
import { KINDS, nextMsrExit } from "../support/msr_exits.ts";
import { denyOnly } from "../support/msr_probes.ts";
import { executesAccesses } from "../support/requirements.ts";

type Kind = (typeof KINDS)[number];

const COUNT = 100;

/** MSRs that KVM hands to a guest from the start, each on some hosts. */
const CANDIDATES: readonly number[] = [
  Msr.FS_BASE,
  Msr.KERNEL_GS_BASE,
  Msr.IA32_SYSENTER_CS,
  Msr.STAR,
];

/** Accesses the MSR in RCX as often as RSI says; a write gives it the value that it has. */
function repeating(instruction: "rdmsr" | "wrmsr"): AsmSource {
  return asm64`
      rdmsr
    again:
      ${instruction}
      dec rsi
      jnz again
      jmp finish
  `;
}

const PROGRAMS: Readonly<Record<Kind, AsmSource>> = {
  read: repeating("rdmsr"),
  write: repeating("wrmsr"),
};

function start(session: Session, index: number): void {
  session.restart();
  const { vcpu } = session;
  vcpu.setRegs({ ...vcpu.regs(), rcx: BigInt(index), rsi: BigInt(COUNT) });
}

function exitsMade(session: Session, index: number): bigint {
  start(session, index);
  const before = exitCount(session.vcpu);
  session.finish();
  return exitCount(session.vcpu) - before;
}

/** Tries until the host's own interrupts, which are exits too, leave a run alone. */
const TRIES = 3;

/** Whether the guest, which has the program of a kind, makes these accesses without an exit each. */
function isPassedThrough(session: Session, index: number): boolean {
  return Array.from({ length: TRIES }).some(() => exitsMade(session, index) < COUNT / 2);
}

/** The candidates that this KVM leaves to the guest when there is no filter. */
function handedOver(kvm: Kvm, kind: Kind): number[] {
  using vm = kvm.createVm();
  const session = Session.boot(vm, PROGRAMS[kind]);
  return CANDIDATES.filter((index) => isPassedThrough(session, index));
}

/** Some of the candidates make no exit. Where none needs to, nothing can be given back. */
function handsOver(facts: Facts): string | undefined {
  const reason = countsExits(facts);
  if (reason !== undefined) return reason;
  if (executesAccesses(facts) === undefined) return undefined;
  using kvm = Kvm.open();
  return KINDS.some((kind) => handedOver(kvm, kind).length > 0)
    ? undefined
    : "every MSR access exits here, filter or not";
}

/** Allows those MSRs that are always handed over. */
const ALLOWS_THEM = new MsrFilter({
  default: "deny",
  ranges: ALWAYS_HANDED_OVER.map((base) => ({ base, count: 1, allow: "read-write" })),
});

function assertPassedThrough(session: Session, kind: Kind, index: number, when: string): void {
  if (isPassedThrough(session, index)) return;
  throw new GuestAssertionError(
    session,
    `${COUNT} ${kind}s of ${formatMsr(index)} ${when}: no exit each`,
    "an exit each",
  );
}

/** Asserts that the guest has these MSRs for itself as long as nothing denies them. */
function assertHandedOver(kvm: Kvm, kind: Kind): void {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const assertOn = (session: Session, when: string): void => {
    for (const index of ALWAYS_HANDED_OVER) assertPassedThrough(session, kind, index, when);
  };
  const session = Session.boot(vm, PROGRAMS[kind]);
  assertOn(session, "without a filter");
  vm.setMsrFilter(ALLOWS_THEM);
  assertOn(session, "under a filter that allows no others");
  assertOn(Session.boot(vm, PROGRAMS[kind]), "on a vCPU made under that filter");
}

/** Filters after which the MSR that was denied is the guest's own again. */
const AFTER: Readonly<Record<string, MsrFilter>> = {
  "the empty filter": MsrFilter.ALLOW_ALL,
  "a filter that denies another MSR": new MsrFilter(
    denyOnly(Msr.IA32_MTRR_PHYSBASE0, "read-write"),
  ),
};

clause(
  "X-108",
  "an MSR that is the guest's own stays so until a filter denies it, and is so again after that",
  {
    requires: [handsOver],
    nativeOnly: "an instruction that is emulated makes other exits than its own",
  },
  ({ kvm, facts }) => {
    for (const kind of KINDS) {
      if (executesAccesses(facts) === undefined) assertHandedOver(kvm, kind);
      for (const index of handedOver(kvm, kind)) {
        using vm = kvm.createVm();
        vm.enableUserSpaceMsr(["filter"]);
        const session = Session.boot(vm, PROGRAMS[kind]);
        for (const [what, filter] of Object.entries(AFTER)) {
          vm.setMsrFilter(denyOnly(index, kind));
          start(session, index);
          nextMsrExit(session, kind);
          vm.setMsrFilter(filter);
          assertPassedThrough(session, kind, index, `under ${what}, as before`);
        }
      }
    }
  },
);
