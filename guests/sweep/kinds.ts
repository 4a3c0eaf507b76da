/**
 * The classes that MSRs fall into.
 *
 * @module
 */
import type { MsrRecord } from "./record.ts";

/** The classes, the most interesting first, with what they mean. */
export const KINDS = {
  "read-write": "can be read, and some write is taken",
  "read-only": "can be read, and no write is taken",
  "readable": "can be read; writes were left out",
  "write-only": "cannot be read, and some write is taken",
  "invalid": "known to KVM, which refuses what was tried",
  "cpu-fault": "refused by the CPU itself; KVM is not asked",
  "ended": "ended the guest",
  "unknown": "unknown to KVM",
} as const;

/** One of the classes. */
export type MsrKind = keyof typeof KINDS;

/**
 * The class of an MSR.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { kindOf } from "@trapline/trapline/sweep";
 *
 * assertEquals(kindOf({ read: "done", writeBack: "inval", writeZero: "inval" }), "read-only");
 * assertEquals(kindOf({ read: "unknown", writeZero: "unknown" }), "unknown");
 * ```
 */
export function kindOf({ read, writeBack, writeZero, bits }: MsrRecord): MsrKind {
  const outcomes = [read, writeBack, writeZero];
  if (outcomes.includes("ended")) return "ended";
  const taken = writeBack === "done" || writeZero === "done" || bits?.done !== undefined;
  if (read === "done") {
    if (taken) return "read-write";
    return writeBack === undefined && writeZero === undefined && bits === undefined
      ? "readable"
      : "read-only";
  }
  if (taken) return "write-only";
  if (outcomes.includes("gp") || bits?.gp !== undefined) return "cpu-fault";
  const known = outcomes.includes("inval") || bits?.inval !== undefined;
  return known ? "invalid" : "unknown";
}
