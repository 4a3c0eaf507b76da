/**
 * The states that a guest can start in.
 *
 * @module
 */
import type { Bitness } from "../asm/mod.ts";

/** Real mode, flat 32-bit protected mode, or 64-bit mode in ring 0 or ring 3. */
export type GuestMode = "real" | "protected" | "long" | "long-user";

/** The mode in which code of `bitness` runs unless another is asked for. */
export function defaultMode(bitness: Bitness): GuestMode {
  return bitness === 16 ? "real" : bitness === 32 ? "protected" : "long";
}

/** The bitness of code in `mode`. */
export function bitnessOf(mode: GuestMode): Bitness {
  return mode === "real" ? 16 : mode === "protected" ? 32 : 64;
}
