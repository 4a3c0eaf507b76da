/**
 * Filter and mask changed while an MSR exit waits for its completion.
 *
 * @module
 */
import {
  asm64,
  type Kvm,
  Msr,
  MSR_EXIT_REASONS,
  type MsrExitReason,
  MsrFilter,
  type RdmsrExit,
  Session,
  type Vm,
  type WalkedAccess,
  type WrmsrExit,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { accept } from "../support/msr_exits.ts";
import { denyOnly, KNOWN_MSRS } from "../support/msr_probes.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";
import { assertExited, assertGpWithoutExit, assertPassed } from "../support/walked.ts";

/** A change between an exit and the entry after it. */
interface Meanwhile {
  /** What is done, for the message. */
  readonly name: string;
  /** The MSR that the guest accesses. */
  readonly index: number;
  /** Sets the VM up, before the exit. */
  readonly before: (vm: Vm) => void;
  /** Why the access exits. */
  readonly reason: MsrExitReason;
  /** What user space does after its answer. */
  readonly change: (vm: Vm) => void;
  /** Checks the access after the change, a read of the same MSR. */
  readonly then: (session: Session, next: WalkedAccess, detail: string) => void;
}

/** Asserts that a read and a write, accepted and refused, complete as answered. */
function assertUnaltered(kvm: Kvm, meanwhile: Meanwhile): void {
  const { name, index, before, reason, change, then } = meanwhile;
  const known = KNOWN_MSRS.find((msr) => msr.index === index);
  for (const kind of ["read", "write"] as const) {
    for (const refuse of [false, true]) {
      const detail = `(${refuse ? "refused" : "accepted"}, then ${name})`;
      using vm = kvm.createVm();
      before(vm);
      const session = Session.boot(vm, asm64`jmp finish`);
      if (known !== undefined) session.vcpu.setMsrs([[index, known.values[0]]]);
      let count = 0;
      const answer = (exit: RdmsrExit | WrmsrExit): void => {
        if (count++ > 0) return accept(exit);
        if (refuse) exit.refuse();
        else accept(exit);
        change(vm);
      };
      const [first, next] = session.walk(
        [{ kind, index, value: known?.values[1] ?? 0x77n }, { kind: "read", index }],
        { onRdmsr: answer, onWrmsr: answer },
      );
      assertExited(session, first!, reason, detail);
      then(session, next!, detail);
    }
  }
}

function reads(value: bigint): Meanwhile["then"] {
  return (session, next, detail) => assertPassed(session, next, value, detail);
}

function exitsFor(reason: MsrExitReason): Meanwhile["then"] {
  return (session, next, detail) => void assertExited(session, next, reason, detail);
}

const PASSTHROUGH = KNOWN_MSRS.filter(({ index }) =>
  index === Msr.IA32_SYSENTER_CS || index === Msr.KERNEL_GS_BASE
);

clause(
  "X-50",
  "a filter change between exit and re-entry does not alter the completion",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    for (const { index, values: [value] } of PASSTHROUGH) {
      assertUnaltered(kvm, {
        name: "allowed",
        index,
        before: (vm) => {
          vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
          vm.setMsrFilter(denyOnly(index, "read-write"));
        },
        reason: "filter",
        change: (vm) => vm.setMsrFilter(MsrFilter.ALLOW_ALL),
        then: reads(value),
      });
    }
    assertUnaltered(kvm, {
      name: "denied",
      index: 0xdead_beef,
      before: (vm) => vm.enableUserSpaceMsr(MSR_EXIT_REASONS),
      reason: "unknown",
      change: (vm) => vm.setMsrFilter(MsrFilter.DENY_ALL),
      then: exitsFor("filter"),
    });
  },
);

clause(
  "X-51",
  "a mask change between exit and re-entry does not alter the completion",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    for (const mask of [[], ["inval", "unknown"]] as const) {
      assertUnaltered(kvm, {
        name: `mask ${mask.join("+") || "0"}`,
        index: Msr.KERNEL_GS_BASE,
        before: (vm) => {
          vm.enableUserSpaceMsr(["filter"]);
          vm.setMsrFilter(denyOnly(Msr.KERNEL_GS_BASE, "read-write"));
        },
        reason: "filter",
        change: (vm) => vm.enableUserSpaceMsr(mask),
        then: assertGpWithoutExit,
      });
    }
    assertUnaltered(kvm, {
      name: "mask filter",
      index: 0xdead_beef,
      before: (vm) => vm.enableUserSpaceMsr(["unknown"]),
      reason: "unknown",
      change: (vm) => vm.enableUserSpaceMsr(["filter"]),
      then: assertGpWithoutExit,
    });
  },
);
