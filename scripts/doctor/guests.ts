/**
 * Guests that show whether this host's KVM runs them, and runs them under a filter.
 *
 * @module
 */
import {
  asm64,
  assertMsrExit,
  assertNoFault,
  assertValue,
  formatExit,
  guest,
  type Kvm,
  KvmError,
  Msr,
  Session,
} from "@trapline/trapline";
import type { Finding, GuestFact } from "./report.ts";

/** No register holds it by accident. */
const ANSWER = 0x1122_3344_5566_7788n;

function runsToItsEnd(kvm: Kvm): string {
  using vm = kvm.createVm();
  const session = Session.boot(vm, asm64`jmp finish`);
  assertNoFault(session, session.finish());
  return `${formatExit(session.transcript.exits[0]!)}, and no fault`;
}

function readsTheAnswer(kvm: Kvm): string {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter({
    default: "allow",
    ranges: [{ base: Msr.IA32_SYSENTER_CS, count: 1, deny: "read" }],
  });
  const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
  const exit = session.next("X86_RDMSR");
  assertMsrExit(session, exit, { index: Msr.IA32_SYSENTER_CS, reasons: ["filter"] });
  exit.supply(ANSWER);
  assertValue(session, session.finish(), ANSWER);
  return `${exit}, and the guest read 0x${ANSWER.toString(16)}`;
}

const PROMISES: readonly (readonly [name: string, keep: (kvm: Kvm) => string])[] = [
  ["A 64-bit guest runs to its end", runsToItsEnd],
  ["A denied RDMSR exits, and the guest reads the answer", readsTheAnswer],
];

/** What became of a guest, and the error if it failed. */
export interface GuestOutcome {
  /** What the report says of it. */
  readonly fact: GuestFact;
  /** Why it failed. */
  readonly error: unknown;
}

/** Runs the guests on `kvm`, each in a VM of its own. */
export function runGuests(kvm: Kvm): GuestOutcome[] {
  return PROMISES.map(([name, keep]) => {
    try {
      return { fact: { name, ok: true, detail: keep(kvm) }, error: undefined };
    } catch (error) {
      // Whatever went wrong is what the doctor is here to report.
      const detail = error instanceof Error ? error.message : String(error);
      return { fact: { name, ok: false, detail }, error };
    }
  });
}

/** What is missing for each guest that failed. */
export function guestFindings(outcomes: readonly GuestOutcome[]): Finding[] {
  return outcomes.filter(({ fact }) => !fact.ok).map(({ fact, error }) => ({
    severity: "stops",
    what: `Not so here: "${fact.name}", ${fact.detail.split("\n")[0]}`,
    remedy: remedy(error),
  }));
}

function remedy(error: unknown): string {
  if (error instanceof KvmError && error.errnoName === "EBUSY") {
    return "Stop the other hypervisor that holds the CPU's virtualisation (VirtualBox, VMware)";
  }
  if (error instanceof KvmError && error.errnoName === "ENOMEM") {
    return "Free some memory, or raise this process' limit (ulimit -v, the container's limit)";
  }
  return "See dmesg for what the kernel says of KVM, and boot Linux 5.10 or later if this one is " +
    "older";
}
