/**
 * Whether what was seen of an access is what the oracle wants, and how user
 * space answers exits.
 *
 * @module
 */
import { EXIT_REASON } from "../../kvm/abi/exit_reason.ts";
import type { MsrAnswer } from "../../kvm/msr_exit.ts";
import type { MsrExitReason } from "../../kvm/msr_exit_reason.ts";
import type { MsrAccess } from "../walker.ts";
import type { AccessVerdict } from "./model.ts";
import { mixed } from "./random.ts";
import type { SeenAccess, SeenExit } from "./subject.ts";

/** What was seen of an access, in words. */
export function describe({ access, exit, value, fault }: SeenAccess): string {
  const outcome = fault !== undefined
    ? `#GP error code ${fault.errorCode} at RIP 0x${fault.rip.toString(16)}`
    : access.kind === "read"
    ? `value 0x${value!.toString(16)}`
    : "no fault";
  return `${exit === undefined ? "no exit" : exitText(exit)}, ${outcome}`;
}

function exitText({ name, index, data, reasons }: SeenExit): string {
  return `KVM_EXIT_${name} (${EXIT_REASON[name]}) of 0x${index.toString(16)} for ${
    reasons.join("+").toUpperCase()
  }, data 0x${data.toString(16)}`;
}

/** Whether the access made the exit of its kind with its index, its data and that reason alone. */
export function exitIsAs({ access, exit }: SeenAccess, reason: MsrExitReason): boolean {
  const data = access.kind === "write" ? access.value ?? 0n : 0n;
  const name = access.kind === "write" ? "X86_WRMSR" : "X86_RDMSR";
  return exit?.name === name && exit.index === access.index && exit.data === data &&
    exit.reasons.length === 1 && exit.reasons[0] === reason;
}

/** Says which RIP a #GP of an access pushes. */
type RipOf = (access: MsrAccess) => bigint;

function isGp({ access, fault }: SeenAccess, ripOf: RipOf): boolean {
  return fault?.errorCode === 0 && fault.rip === ripOf(access);
}

function answerWasObserved(seen: SeenAccess, ripOf: RipOf): boolean {
  const { exit, value, fault } = seen;
  switch (exit?.answer?.kind) {
    case "refuse":
      return isGp(seen, ripOf);
    case "value":
      return fault === undefined && value === exit.answer.value;
    default:
      return fault === undefined;
  }
}

/** Whether the access came to `wanted`; a #GP pushes what `ripOf` says. */
export function agrees(seen: SeenAccess, wanted: AccessVerdict, ripOf: RipOf): boolean {
  switch (wanted) {
    case "completes":
      return seen.exit === undefined && seen.fault === undefined;
    case "gp":
      return seen.exit === undefined && isGp(seen, ripOf);
    default:
      return exitIsAs(seen, wanted) && answerWasObserved(seen, ripOf);
  }
}

/**
 * What user space answers to an exit of the access when the trial's seed is
 * `seed`: the same whether the access is made alone or among others. One in
 * four is refused.
 */
export function answerTo(
  seed: number,
  { kind, index }: Pick<MsrAccess, "kind" | "index">,
): MsrAnswer {
  const high = mixed(Math.imul(seed + 1, 0x9e37_79b1) ^ index);
  const low = mixed(high ^ (kind === "read" ? 0x5bd1_e995 : 0x1b87_3593));
  if (low % 4 === 0) return { kind: "refuse", error: 1 };
  if (kind === "write") return { kind: "acknowledge" };
  return { kind: "value", value: BigInt(high) << 32n | BigInt(low) };
}
