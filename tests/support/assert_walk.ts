/**
 * Tables of accesses with what is wanted of each. Every exit that is wanted is
 * proven twice, to the end of the loop: once answered and once refused.
 *
 * @module
 */
import {
  GuestAssertionError,
  type MsrAccess,
  type MsrExitReason,
  type RdmsrExit,
  Session,
  type Vm,
  type WalkedAccess,
  type WrmsrExit,
} from "@trapline/trapline";
import { assertExited, assertGpWithoutExit, assertPassed, nameAccess } from "./walked.ts";

/** What is wanted of an access. */
type Wanted =
  | { readonly kind: "exit"; readonly reason: MsrExitReason }
  | { readonly kind: "completion"; readonly value?: bigint }
  | { readonly kind: "gp" }
  | { readonly kind: "no exit" };

/** An access with what is wanted of it. */
export interface Expectation {
  /** The access. */
  readonly access: MsrAccess;
  /** What is wanted. */
  readonly wanted: Wanted;
}

/** A guest read of `index`. */
export function read(index: number): MsrAccess {
  return { kind: "read", index };
}

/** A guest write of `value` to `index`. */
export function write(index: number, value = 0n): MsrAccess {
  return { kind: "write", index, value };
}

/** Wants an exit for `reason` alone, whose answer the guest observes. */
export function exits(access: MsrAccess, reason: MsrExitReason = "filter"): Expectation {
  return { access, wanted: { kind: "exit", reason } };
}

/** Wants neither exit nor fault, and that a read gives `value` when one is given. */
export function completes(access: MsrAccess, value?: bigint): Expectation {
  return { access, wanted: { kind: "completion", ...(value !== undefined && { value }) } };
}

/** Wants a #GP with error code 0 at the instruction, and no exit. */
export function faults(access: MsrAccess): Expectation {
  return { access, wanted: { kind: "gp" } };
}

/** Wants no exit; whether KVM then knows the MSR or not. */
export function passes(access: MsrAccess): Expectation {
  return { access, wanted: { kind: "no exit" } };
}

/** Gives `vm` a 64-bit guest that does nothing until it is given a list to walk. */
export function bootWalker(vm: Vm): Session {
  return Session.boot(vm);
}

/** Answers the first exit of an access and refuses the second, and so on in turn. */
function answerInTurn(): (exit: RdmsrExit | WrmsrExit) => void {
  const made = new Map<string, number>();
  let supplied = 0n;
  return (exit) => {
    const key = `${exit.name} ${exit.index}`;
    const count = made.get(key) ?? 0;
    made.set(key, count + 1);
    if (count % 2 === 1) exit.refuse();
    else if (exit.name === "X86_WRMSR") exit.acknowledge();
    // Another value each time, with no half equal to another's, so that a stale one shows.
    else exit.supply(BigInt.asUintN(64, ++supplied * 0x9e37_79b9_7f4a_7c15n));
  };
}

function assertWanted(session: Session, walked: WalkedAccess, wanted: Wanted, why: string): void {
  switch (wanted.kind) {
    case "exit":
      assertExited(session, walked, wanted.reason, why);
      break;
    case "completion":
      assertPassed(session, walked, wanted.value, why);
      break;
    case "gp":
      assertGpWithoutExit(session, walked, why);
      break;
    case "no exit":
      if (walked.exit === undefined) break;
      throw new GuestAssertionError(
        session,
        `${nameAccess(walked.access, why)}: no exit`,
        walked.exit.toString(),
      );
  }
}

/**
 * Lets the guest of `session` make all accesses in turn and asserts what is
 * wanted of each; `circumstances` say in a failure under which it was wanted.
 */
export function assertWalk(
  session: Session,
  circumstances: string,
  expectations: readonly Expectation[],
): void {
  const steps = expectations.flatMap((step) => step.wanted.kind === "exit" ? [step, step] : [step]);
  const answer = answerInTurn();
  const accesses = steps.map(({ access }) => access);
  const walked = session.walk(accesses, { onRdmsr: answer, onWrmsr: answer });
  steps.forEach(({ wanted }, i) => assertWanted(session, walked[i]!, wanted, `(${circumstances})`));
}
