/**
 * Which accesses exit to user space, as what, and for which reason.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  type Kvm,
  kvmRunOffset,
  Msr,
  MSR_EXIT_REASONS,
  type MsrAccess,
  type MsrExitReason,
  type MsrHandlers,
  Session,
  type Vm,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { DENIES_SOME, FAILING_ACCESSES, type FailingAccess } from "../support/failing_accesses.ts";
import { denyOnly, KNOWN_MSRS } from "../support/msr_probes.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";
import { assertExited, assertGpWithoutExit, assertPassed, nameAccess } from "../support/walked.ts";

const MASKS: readonly (readonly MsrExitReason[])[] = Array.from(
  { length: 8 },
  (_, mask) => MSR_EXIT_REASONS.filter((_, bit) => mask & (1 << bit)),
);

/** Answers each exit so that no two reads are given the same value. */
function accept(): MsrHandlers {
  let next = 0x0bad_cafe_0000_0001n;
  return { onRdmsr: (exit) => exit.supply(next++), onWrmsr: (exit) => exit.acknowledge() };
}

const REFUSE: MsrHandlers = {
  onRdmsr: (exit) => exit.refuse(),
  onWrmsr: (exit) => exit.refuse(),
};

/** A guest of `vm`, which {@linkcode FAILING_ACCESSES} fail on. */
function bootIdle(vm: Vm, mask: readonly MsrExitReason[]): Session {
  vm.enableUserSpaceMsr(mask);
  vm.setMsrFilter(DENIES_SOME);
  return Session.boot(vm, asm64`jmp finish`);
}

/** Walks `accesses` with all reasons enabled; gives the raw exit reasons and reason masks. */
function rawExits(kvm: Kvm, accesses: readonly FailingAccess[]): { exit: number; mask: number }[] {
  using vm = kvm.createVm();
  const session = bootIdle(vm, MSR_EXIT_REASONS);
  const raw: { exit: number; mask: number }[] = [];
  const note = (): void => {
    const view = session.vcpu.kvmRun;
    raw.push({
      exit: view.getUint32(kvmRunOffset("exit_reason"), true),
      mask: view.getUint32(kvmRunOffset("msr.reason"), true),
    });
  };
  const { onRdmsr, onWrmsr } = accept();
  const walked = session.walk(accesses, {
    onRdmsr: (exit) => (note(), onRdmsr!(exit)),
    onWrmsr: (exit) => (note(), onWrmsr!(exit)),
  });
  walked.forEach((access, i) => assertExited(session, access, accesses[i]!.cause));
  return raw;
}

function failing(kind: MsrAccess["kind"]): FailingAccess[] {
  return FAILING_ACCESSES.filter((access) => access.kind === kind);
}

clause(
  "K-01",
  "a read for user space exits with KVM_EXIT_X86_RDMSR (29)",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    const accesses = failing("read");
    assertEquals(
      rawExits(kvm, accesses).map(({ exit }) => exit),
      accesses.map(() => 29),
      "kvm_run.exit_reason of the reads",
    );
  },
);

clause(
  "K-02",
  "a write for user space exits with KVM_EXIT_X86_WRMSR (30)",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    const accesses = failing("write");
    assertEquals(
      rawExits(kvm, accesses).map(({ exit }) => exit),
      accesses.map(() => 30),
      "kvm_run.exit_reason of the writes",
    );
  },
);

clause(
  "K-03",
  "the exit's reason tells which of the three reasons intercepted the access",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    const MASK = { inval: 1, unknown: 2, filter: 4 } as const;
    const raw = rawExits(kvm, FAILING_ACCESSES);
    assertEquals(
      raw.map(({ mask }, i) => `${nameAccess(FAILING_ACCESSES[i]!)}: reason ${mask}`),
      FAILING_ACCESSES.map((access) => `${nameAccess(access)}: reason ${MASK[access.cause]}`),
      "kvm_run.msr.reason",
    );
  },
);

clause(
  "K-04",
  "an access exits for a reason that user space asked for, and raises #GP for any other",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    const cells = new Set<string>();
    for (const mask of MASKS) {
      using vm = kvm.createVm();
      const session = bootIdle(vm, mask);
      for (const handlers of [accept(), REFUSE]) {
        session.walk(FAILING_ACCESSES, handlers).forEach((walked, i) => {
          const { cause, kind } = FAILING_ACCESSES[i]!;
          const detail = `(${cause}) with mask ${mask.join("+") || "0"}`;
          if (mask.includes(cause)) assertExited(session, walked, cause, detail);
          else assertGpWithoutExit(session, walked, detail);
          cells.add(`${cause} ${mask} ${kind}`);
        });
      }
    }
    assertEquals(cells.size, 3 * 8 * 2, "reasons by masks by kinds that were tried");
  },
);

/** Asserts that all accesses which fail for `cause` exit with it, and are answered. */
function assertReason(kvm: Kvm, cause: MsrExitReason): void {
  using vm = kvm.createVm();
  const session = bootIdle(vm, MSR_EXIT_REASONS);
  const accesses = FAILING_ACCESSES.filter((access) => access.cause === cause);
  for (const handlers of [accept(), REFUSE]) {
    session.walk(accesses, handlers).forEach((walked) => assertExited(session, walked, cause));
  }
}

clause(
  "K-05",
  "reason UNKNOWN means an MSR that KVM does not know",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => assertReason(kvm, "unknown"),
);

clause(
  "K-06",
  "reason INVAL means an MSR that the vCPU does not have, or reserved bits",
  ({ kvm }) => assertReason(kvm, "inval"),
);

clause("K-07", "reason FILTER means that the MSR filter blocked the access", ({ kvm }) => {
  assertReason(kvm, "filter");
  for (const { index, values: [before, written] } of KNOWN_MSRS) {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
    const session = Session.boot(vm, asm64`jmp finish`);
    session.vcpu.setMsrs([[index, before]]);
    const accesses: MsrAccess[] = [
      { kind: "read", index },
      { kind: "write", index, value: written },
      { kind: "read", index },
    ];
    const open = session.walk(accesses, accept());
    assertPassed(session, open[0]!, before, "before the filter");
    assertPassed(session, open[1]!, undefined, "before the filter");
    assertPassed(session, open[2]!, written, "before the filter");
    vm.setMsrFilter(denyOnly(index, "read-write"));
    session.walk(accesses, accept()).forEach((walked) => assertExited(session, walked, "filter"));
  }
});

/** Asserts that `cause` alone makes its own accesses exit, and leaves all others their #GP. */
function assertOnly(kvm: Kvm, cause: MsrExitReason): void {
  using vm = kvm.createVm();
  const session = bootIdle(vm, [cause]);
  session.walk(FAILING_ACCESSES, accept()).forEach((walked, i) => {
    const { cause: own } = FAILING_ACCESSES[i]!;
    if (own === cause) assertExited(session, walked, own);
    else assertGpWithoutExit(session, walked, `(${own})`);
  });
  const { index, values: [value] } = KNOWN_MSRS.find(({ index }) => index === Msr.SYSCALL_MASK)!;
  const [write, read] = session.walk(
    [{ kind: "write", index, value }, { kind: "read", index }],
    accept(),
  );
  assertPassed(session, write!);
  assertPassed(session, read!, value);
}

clause(
  "U-07",
  "the UNKNOWN bit intercepts accesses to unknown MSRs and no others",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => assertOnly(kvm, "unknown"),
);

clause(
  "U-09",
  "the FILTER bit intercepts accesses that the filter denies and no others",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => assertOnly(kvm, "filter"),
);
