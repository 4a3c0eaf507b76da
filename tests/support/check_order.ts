/**
 * In which order a kernel checks the slots of a filter.
 *
 * @module
 */
import type { CheckOrder } from "@trapline/trapline/oracle";
import type { Facts } from "./facts.ts";
import { isKernelFrom } from "./kernel_version.ts";

/** Linux 5.10 copies a slot's bitmap before it looks at the slot's flags, 6.1 after it. */
export function checkOrder(facts: Facts): CheckOrder {
  return { bitmapFirst: !isKernelFrom(facts, [5, 14]) };
}
