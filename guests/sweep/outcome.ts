/**
 * What comes of one MSR access, in one word.
 *
 * @module
 */
import type { WalkedAccess } from "../walker.ts";

/** What came of an access. */
export type Outcome =
  /** The guest went on: a read gave a value, a write was taken. */
  | "done"
  /** A #GP without KVM having been asked: the CPU itself raised it. */
  | "gp"
  /** KVM knows the MSR and refuses the access. */
  | "inval"
  /** KVM does not know the MSR. */
  | "unknown"
  /** The guest did not get past it. */
  | "ended";

/** What came of an access made with the reasons `unknown` and `inval` enabled. */
export function outcomeOf(walked: WalkedAccess | undefined): Outcome {
  if (walked === undefined) return "ended";
  if (walked.exit?.reasons.includes("unknown")) return "unknown";
  if (walked.exit !== undefined) return "inval";
  return walked.fault === undefined ? "done" : "gp";
}

/** The outcomes for a person. */
export const OUTCOME_TEXT: Readonly<Record<Outcome, string>> = {
  done: "done",
  gp: "#GP by the CPU, KVM not asked",
  inval: "refused by KVM (INVAL)",
  unknown: "unknown to KVM (UNKNOWN)",
  ended: "ended the guest",
};
