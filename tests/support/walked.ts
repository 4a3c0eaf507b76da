/**
 * Assertions on one access of `Session.walk()`: what user space saw of it and
 * what the guest did, with the access named in the message.
 *
 * @module
 */
import {
  formatMsr,
  GuestAssertionError,
  instructionLabel,
  type MsrAccess,
  type RdmsrExit,
  type Session,
  type WalkedAccess,
  type WrmsrExit,
} from "@trapline/trapline";

/** `write of IA32_SYSENTER_CS (0x174)`, and after it what `detail` adds. */
export function nameAccess({ kind, index, forcedEmulation }: MsrAccess, detail = ""): string {
  const how = forcedEmulation ? "emulated " : "";
  return `${how}${kind} of ${formatMsr(index)}${detail === "" ? "" : ` ${detail}`}`;
}

function hex(value: bigint | undefined): string {
  return value === undefined ? "nothing" : `0x${value.toString(16)}`;
}

function outcome({ access, value, fault }: WalkedAccess): string {
  if (fault !== undefined) {
    return `#GP error code ${fault.errorCode} at RIP ${hex(fault.rip)} in the guest`;
  }
  return access.kind === "read" ? `${hex(value)} in the guest` : "no fault in the guest";
}

function fail(session: Session, walked: WalkedAccess, detail: string, wanted: string): never {
  const { exit } = walked;
  throw new GuestAssertionError(
    session,
    `${nameAccess(walked.access, detail)}: ${wanted}`,
    `${exit === undefined ? "no exit" : `${exit}, data ${hex(exit.data)}`}, ${outcome(walked)}`,
  );
}

function checkGp(session: Session, walked: WalkedAccess, detail: string): void {
  const rip = session.symbol(instructionLabel(walked.access));
  if (walked.fault?.errorCode !== 0 || walked.fault.rip !== rip) {
    fail(session, walked, detail, `#GP error code 0 at RIP ${hex(rip)}`);
  }
}

/** Asserts that the access raised #GP at its own RIP with error code 0, and made no exit. */
export function assertGpWithoutExit(session: Session, walked: WalkedAccess, detail = ""): void {
  if (walked.exit !== undefined) fail(session, walked, detail, "#GP and no exit");
  checkGp(session, walked, detail);
}

/** Asserts that the access made no exit and no fault, and that a read gave `value` if one is named. */
export function assertPassed(
  session: Session,
  walked: WalkedAccess,
  value?: bigint,
  detail = "",
): void {
  if (walked.exit !== undefined || walked.fault !== undefined) {
    fail(session, walked, detail, "neither exit nor fault");
  }
  if (value !== undefined && walked.value !== value) fail(session, walked, detail, hex(value));
}

/**
 * Asserts that the access made the exit of its kind, with its index, its data
 * and the one reason `reason`, and that the guest observed the answer: the
 * value supplied, no fault, or #GP. Returns the exit.
 */
export function assertExited(
  session: Session,
  walked: WalkedAccess,
  reason: string,
  detail = "",
): RdmsrExit | WrmsrExit {
  const { access, exit, value, fault } = walked;
  const name = access.kind === "read" ? "X86_RDMSR" : "X86_WRMSR";
  const data = access.kind === "read" ? 0n : access.value ?? 0n;
  if (
    exit === undefined || exit.name !== name || exit.index !== access.index ||
    exit.reasons.join("+") !== reason || exit.data !== data
  ) {
    fail(session, walked, detail, `exit ${name}, reason ${reason}, data ${hex(data)}`);
  }
  switch (exit.answer?.kind) {
    case "refuse":
      checkGp(session, walked, detail);
      break;
    case "value":
      if (fault !== undefined || value !== exit.answer.value) {
        fail(session, walked, detail, `the value supplied, ${hex(exit.answer.value)}`);
      }
      break;
    default:
      if (fault !== undefined) fail(session, walked, detail, "no fault");
  }
  return exit;
}
