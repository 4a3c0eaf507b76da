/**
 * A disagreement in words.
 *
 * @module
 */
import { formatMsr } from "../../kvm/abi/msr.ts";
import type { Disagreement } from "./search.ts";

/**
 * A disagreement in two lines.
 *
 * @example Usage
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { type Disagreement, formatDisagreement } from "@trapline/trapline/oracle";
 *
 * const disagreement: Disagreement = {
 *   trial: {
 *     filter: { flags: 0, ranges: [] },
 *     reasons: ["filter"],
 *     forcedEmulation: false,
 *     seed: 1,
 *   },
 *   access: { kind: "read", index: 0x174 },
 *   wanted: "filter",
 *   got: "no exit, value 0x0",
 * };
 * assertStringIncludes(formatDisagreement(disagreement), "wanted filter, got no exit");
 * ```
 */
export function formatDisagreement({ trial, access, wanted, got }: Disagreement): string {
  const how = trial.forcedEmulation ? "emulated " : "";
  const reasons = trial.reasons.join(", ") || "none";
  return `${how}${access.kind} of ${formatMsr(access.index)}, reasons enabled: ${reasons}\n` +
    `wanted ${wanted}, got ${got}`;
}
