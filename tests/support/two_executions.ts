/**
 * The same accesses natively and through KVM's emulator, on a VM each.
 *
 * @module
 */
import {
  formatMsr,
  GuestAssertionError,
  instructionLabel,
  type Kvm,
  type MsrAccess,
  type MsrExitReason,
  MsrFilter,
  type RdmsrExit,
  Session,
  type WalkedAccess,
  type WrmsrExit,
} from "@trapline/trapline";
import { bootWalker } from "./assert_walk.ts";
import { nameAccess } from "./walked.ts";

/** Under what the accesses are made. */
export interface Circumstances {
  /** The filter. */
  readonly filter: MsrFilter;
  /** The reasons for which user space is asked. */
  readonly reasons: readonly MsrExitReason[];
}

/** Answers each exit by what it is and how many came before it, so twice the same way. */
function answerByTurn(): (exit: RdmsrExit | WrmsrExit) => void {
  let count = 0;
  return (exit) => {
    count++;
    if (count % 3 === 0) exit.refuse();
    else if (exit.name === "X86_WRMSR") exit.acknowledge();
    else exit.supply(BigInt.asUintN(64, BigInt(count) * 0x9e37_79b9_7f4a_7c15n));
  };
}

/** What was seen of an access on both sides, as text without the walker's addresses. */
function observation(session: Session, { access, exit, value, fault }: WalkedAccess): string {
  const at = session.symbol(instructionLabel(access));
  return [
    exit === undefined
      ? "no exit"
      : `${exit.name} ${formatMsr(exit.index)} reason ${exit.reasons.join("+")} ` +
        `data 0x${exit.data.toString(16)}`,
    fault === undefined
      ? value === undefined ? "completes" : `reads 0x${value.toString(16)}`
      : `#GP error code ${fault.errorCode} at ` +
        (fault.rip === at ? "the instruction" : `${fault.rip - at} bytes from the instruction`),
  ].join(", ");
}

interface Walk {
  readonly session: Session;
  readonly seen: readonly string[];
}

function walk(
  session: Session,
  accesses: readonly MsrAccess[],
  forcedEmulation: boolean,
): Walk {
  const answer = answerByTurn();
  const walked = session.walk(
    accesses.map((access) => ({ ...access, forcedEmulation })),
    { onRdmsr: answer, onWrmsr: answer },
  );
  return { session, seen: walked.map((each) => observation(session, each)) };
}

/**
 * Makes `accesses` on a new VM natively and on another emulated, and asserts
 * that user space and the guest see the same of each.
 */
export function assertExecutionsAgree(
  kvm: Kvm,
  { filter, reasons }: Circumstances,
  accesses: readonly MsrAccess[],
): void {
  using nativeVm = kvm.createVm();
  using emulatedVm = kvm.createVm();
  const [native, emulated] = [nativeVm, emulatedVm].map((vm, i) => {
    vm.enableUserSpaceMsr(reasons);
    vm.setMsrFilter(filter);
    return walk(bootWalker(vm), accesses, i === 1);
  }) as [Walk, Walk];
  accesses.forEach((access, i) => {
    if (native.seen[i] === emulated.seen[i]) return;
    throw new GuestAssertionError(
      emulated.session,
      `${nameAccess(access)}, access ${i} (${filter}; reasons ${reasons.join("+") || "none"}), ` +
        `emulated as natively: ${native.seen[i]}`,
      `${emulated.seen[i]}`,
    );
  });
}
