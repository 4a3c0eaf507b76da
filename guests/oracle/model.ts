/**
 * The oracle: what the documentation promises of one MSR access, computed from
 * the filter's fields alone. It shares no code with what encodes filters for
 * the kernel, so that a mistake on one side shows against the other.
 *
 * @module
 */
import type { MsrExitReason } from "../../kvm/msr_exit_reason.ts";
import type { RawMsrFilter, RawMsrRange } from "../../kvm/msr_filter.ts";

/** What a KVM makes of an access that no filter denies. */
export type MsrNature =
  /** It completes. */
  | "supported"
  /** KVM does not know the MSR. */
  | "unknown"
  /** KVM knows the MSR and finds the access invalid. */
  | "invalid"
  /** The CPU itself raises #GP: KVM does not see the access. */
  | "faulting";

/** What comes of an access. */
export type AccessVerdict =
  /** The guest goes on: a read gives a value, a write is done. */
  | "completes"
  /** The guest takes a #GP. */
  | "gp"
  /** An exit to user space with that reason. */
  | MsrExitReason;

/** The access that a verdict is asked for. */
export interface AskedAccess {
  /** Read or write. */
  readonly kind: "read" | "write";
  /** The MSR index. */
  readonly index: number;
  /** What is written; default 0. A filter does not look at it, the access's nature depends on it. */
  readonly value?: bigint;
}

const READ = 1;
const WRITE = 2;
const DEFAULT_DENY = 1;

const X2APIC_FIRST = 0x800;
const X2APIC_LAST = 0x8ff;

/** Whether the MSR is one of the x2APIC, which no filter denies. */
export function isX2apic(index: number): boolean {
  return index >= X2APIC_FIRST && index <= X2APIC_LAST;
}

function governs({ flags, nmsrs, base }: RawMsrRange, { kind, index }: AskedAccess): boolean {
  if ((flags & (kind === "read" ? READ : WRITE)) === 0) return false;
  // A range that reaches 2^32 has its end past every index in 32 bits: KVM matches nothing by it.
  return base + nmsrs < 2 ** 32 && index >= base && index - base < nmsrs;
}

function bitmapAllows({ base, bitmap }: RawMsrRange, index: number): boolean {
  if (typeof bitmap === "bigint") {
    throw new TypeError("Cannot ask the oracle about a bitmap that is given as an address");
  }
  const bit = index - base;
  return Math.floor(bitmap[Math.floor(bit / 8)]! / 2 ** (bit % 8)) % 2 === 1;
}

/**
 * Whether `filter` lets an access pass: the first range that governs it
 * decides by its bitmap, else the default does; x2APIC MSRs always pass.
 *
 * Source: api.rst 4.97.
 *
 * @throws {TypeError} When a bitmap that decides is given as an address.
 *
 * @example Usage
 * ```ts
 * import { assert } from "@std/assert";
 * import { filterAllows } from "@trapline/trapline/oracle";
 *
 * const filter = { flags: 0, ranges: [{ flags: 1, nmsrs: 2, base: 0x174, bitmap: new Uint8Array([0b10]) }] };
 * assert(!filterAllows(filter, { kind: "read", index: 0x174 }));
 * assert(filterAllows(filter, { kind: "read", index: 0x175 }));
 * assert(filterAllows(filter, { kind: "write", index: 0x174 }));
 * ```
 */
export function filterAllows(filter: RawMsrFilter, access: AskedAccess): boolean {
  const { index } = access;
  if (isX2apic(index)) return true;
  const range = filter.ranges.find((range) => governs(range, access));
  return range === undefined ? filter.flags !== DEFAULT_DENY : bitmapAllows(range, index);
}

/**
 * What the guest and user space see of an access under `filter`, when `reasons`
 * are enabled and the access by itself is of `nature`.
 *
 * Source: api.rst 4.97 and 7.21.
 *
 * @throws {TypeError} When a bitmap that decides is given as an address.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { expectVerdict } from "@trapline/trapline/oracle";
 *
 * const filter = { flags: 0, ranges: [] };
 * const access = { kind: "read", index: 0x474f4f00 } as const;
 * assertEquals(expectVerdict(filter, ["unknown"], access, "unknown"), "unknown");
 * assertEquals(expectVerdict(filter, ["filter"], access, "unknown"), "gp");
 * ```
 */
export function expectVerdict(
  filter: RawMsrFilter,
  reasons: readonly MsrExitReason[],
  access: AskedAccess,
  nature: MsrNature,
): AccessVerdict {
  const deflected = (reason: MsrExitReason): AccessVerdict =>
    reasons.includes(reason) ? reason : "gp";
  if (!filterAllows(filter, access)) return deflected("filter");
  switch (nature) {
    case "supported":
      return "completes";
    case "unknown":
      return deflected("unknown");
    case "invalid":
      return deflected("inval");
    case "faulting":
      return "gp";
  }
}
