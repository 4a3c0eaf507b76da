/**
 * What a search tries, and what it finds, also in words.
 *
 * @module
 */
import { formatMsr } from "../../kvm/abi/msr.ts";
import type { MsrExitReason } from "../../kvm/msr_exit_reason.ts";
import type { RawMsrFilter } from "../../kvm/msr_filter.ts";
import type { MsrAccess } from "../walker.ts";
import type { AccessVerdict, MsrNature } from "./model.ts";

/** One filter to be searched. */
export interface FilterTrial {
  /** The filter; its bitmaps are bytes. */
  readonly filter: RawMsrFilter;
  /** The exit reasons that are enabled. */
  readonly reasons: readonly MsrExitReason[];
  /** Whether KVM's emulator performs the accesses. */
  readonly forcedEmulation: boolean;
  /** Where the random part of the accesses, values and answers starts. */
  readonly seed: number;
  /**
   * Where the indices that may be anywhere start; by default they go on from `seed`. Trials that
   * have it in common ask the same ones: what these come to without a filter is learned once.
   */
  readonly elsewhere?: number;
}

/** An access on which KVM and the oracle disagree. */
export interface Disagreement {
  /** The filter and the circumstances. */
  readonly trial: FilterTrial;
  /** The access. */
  readonly access: MsrAccess;
  /** What the oracle wants. */
  readonly wanted: AccessVerdict;
  /** What was seen, in words. */
  readonly got: string;
  /**
   * The accesses to be made in turn, this one the last, where it does not show when this one is
   * made alone.
   */
  readonly among?: readonly MsrAccess[];
}

/** What an access can turn out to be by itself: an MSR of the x2APIC is one of the others too. */
export type MetNature = MsrNature | "x2apic";

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
export function formatDisagreement({ trial, access, wanted, got, among }: Disagreement): string {
  const how = trial.forcedEmulation ? "emulated " : "";
  const reasons = trial.reasons.join(", ") || "none";
  const after = among === undefined ? "" : ` after ${among.length - 1} other accesses`;
  return `${how}${access.kind} of ${
    formatMsr(access.index)
  }${after}, reasons enabled: ${reasons}\n` +
    `wanted ${wanted}, got ${got}`;
}
