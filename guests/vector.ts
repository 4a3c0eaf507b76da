/**
 * The exception vectors of x86 (SDM volume 3 section 6.3, APM volume 2 chapter 8).
 *
 * @module
 */

/** Exceptions by vector. */
const NAMES: Readonly<Record<number, string>> = {
  0: "#DE",
  1: "#DB",
  2: "NMI",
  3: "#BP",
  4: "#OF",
  5: "#BR",
  6: "#UD",
  7: "#NM",
  8: "#DF",
  10: "#TS",
  11: "#NP",
  12: "#SS",
  13: "#GP",
  14: "#PF",
  16: "#MF",
  17: "#AC",
  18: "#MC",
  19: "#XM",
  20: "#VE",
  21: "#CP",
  28: "#HV",
  29: "#VC",
  30: "#SX",
};

/** The vectors for which the CPU pushes an error code, outside real mode. */
export const WITH_ERROR_CODE: ReadonlySet<number> = new Set([
  8,
  10,
  11,
  12,
  13,
  14,
  17,
  21,
  29,
  30,
]);

/**
 * The vector of the general protection exception, which a denied access raises.
 *
 * Source: SDM volume 3, section 6.15, interrupt 13; APM volume 2, section 8.2.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatVector, GP } from "@trapline/trapline";
 *
 * assertEquals(formatVector(GP), "#GP (13)");
 * ```
 */
export const GP = 13;

/**
 * `#GP (13)`, or `vector 32` for one without a name.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatVector } from "@trapline/trapline";
 *
 * assertEquals([formatVector(13), formatVector(32)], ["#GP (13)", "vector 32"]);
 * ```
 */
export function formatVector(vector: number): string {
  const name = NAMES[vector];
  return name === undefined ? `vector ${vector}` : `${name} (${vector})`;
}
