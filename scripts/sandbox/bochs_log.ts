/**
 * What Bochs says at its end. It has one exit status for all of them.
 *
 * @module
 */
import type { Ended } from "./machine.ts";

const PANIC = /^p?\[(.{6})\]\s*>>PANIC<<\s*(.*)$/m;
const POWER_OFF = /soft power off/;
/** The processor stopped at a fault that it could not deliver, as after a reset without a way on. */
const TRIPLE_FAULT = /exception\(\): 3rd|exception with no resolution|triple fault/i;

/**
 * How an emulator ended whose process ended with `code` and wrote `log`. A machine that was
 * turned off, or that stopped by itself, ended with 0.
 */
export function endOf(code: number, log: string): Ended {
  const match = PANIC.exec(log);
  const reason = match === null ? undefined : `${match[1]?.trim()}: ${match[2]?.trim()}`;
  if (code !== 1 || reason === undefined) return reason === undefined ? { code } : { code, reason };
  if (POWER_OFF.test(reason)) return { code: 0 };
  if (TRIPLE_FAULT.test(reason)) return { code: 0, reason };
  return { code, reason };
}
