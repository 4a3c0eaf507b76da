/**
 * The oracle for a filter in words, written from the words of the
 * documentation: it knows neither flags nor slots nor how they are encoded.
 *
 * @module
 */
import type { MsrAccessKind, MsrFilterSpec, MsrRange } from "../../kvm/msr_filter.ts";
import { type AskedAccess, isX2apic } from "./model.ts";

function kindOf(range: MsrRange): MsrAccessKind {
  if ("deny" in range) return range.deny;
  return "allow" in range ? range.allow : range.access;
}

function covers(range: MsrRange, { kind, index }: AskedAccess): boolean {
  const governed = kindOf(range);
  return (governed === kind || governed === "read-write") &&
    index >= range.base && index <= range.base + range.count - 1;
}

/**
 * Whether the filter that `spec` describes lets an access pass: the first range
 * that covers it decides, all of it or by its bitmap, else the default does;
 * x2APIC MSRs always pass.
 *
 * Source: api.rst 4.97.
 *
 * @example Usage
 * ```ts
 * import { assert } from "@std/assert";
 * import { specAllows } from "@trapline/trapline/oracle";
 *
 * const spec = { default: "allow", ranges: [{ base: 0x174, count: 2, deny: "read" }] } as const;
 * assert(!specAllows(spec, { kind: "read", index: 0x175 }));
 * assert(specAllows(spec, { kind: "write", index: 0x175 }));
 * ```
 */
export function specAllows(spec: MsrFilterSpec, access: AskedAccess): boolean {
  if (isX2apic(access.index)) return true;
  const range = spec.ranges?.find((range) => covers(range, access));
  if (range === undefined) return spec.default === "allow";
  if ("deny" in range) return false;
  if ("allow" in range) return true;
  const at = access.index - range.base;
  const byte = range.bitmap[Math.floor(at / 8)] ?? 0;
  return byte.toString(2).padStart(8, "0")[7 - at % 8] === "1";
}
