/**
 * Accesses that a search leaves out, for a recorded deviation covers them.
 *
 * @module
 */
import { Msr, type MsrAccess } from "@trapline/trapline";
import { deviationsOf } from "./deviations.ts";
import { facts } from "./facts.ts";

/** Whether this host is known to let the access past its filter (clause X-75). */
export function isKnownToDeviate({ kind, index, forcedEmulation }: MsrAccess): boolean {
  return kind === "write" && index === Msr.IA32_TSC_DEADLINE && forcedEmulation !== true &&
    deviationsOf("X-75").some(({ expected }) => expected(facts()));
}
