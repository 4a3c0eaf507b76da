/**
 * How a sandbox fails.
 *
 * @module
 */
import type { ConsoleLog } from "./console_log.ts";
import type { Ended } from "./machine.ts";

/** In which way a sandbox failed. */
export type FailureKind =
  /** The kernel inside panicked. */
  | "panic"
  /** The first process inside could not do its work. */
  | "guest"
  /** The exchange disk could not be written, as when the host's own is full. */
  | "disk"
  /** The emulated processor reset, as after a triple fault. */
  | "reset"
  /** The emulator was killed or failed. */
  | "emulator"
  /** The guest did not come to the command in time. */
  | "boot timeout"
  /** The command did not end in time. */
  | "timeout";

/** A sandbox ended without the command having ended. */
export class SandboxError extends Error {
  override readonly name = "SandboxError";
  /** In which way. */
  readonly kind: FailureKind;
  /** The console's last lines. */
  readonly console: readonly string[];

  constructor(kind: FailureKind, message: string, console: readonly string[]) {
    const lines = console.length === 0
      ? "\nThe console is empty"
      : `\nThe console's last lines:\n${console.map((line) => `  | ${line}`).join("\n")}`;
    super(`${message}${lines}`);
    this.kind = kind;
    this.console = console;
  }
}

const SIGNAL_BASE = 128;

/**
 * Why a sandbox ended whose machine is off and left no status, or none to be believed.
 *
 * @param directory where its disks are.
 */
export function failureOf(
  emulator: string,
  { code, reason }: Ended,
  log: ConsoleLog,
  directory: string,
): SandboxError {
  const lines = log.lastLines;
  if (log.panic !== undefined) {
    return new SandboxError("panic", `The sandbox's kernel panicked: ${log.panic}`, lines);
  }
  if (log.failure !== undefined) {
    return new SandboxError("guest", `The sandbox cannot go on: ${log.failure}`, lines);
  }
  if (log.lostWrite !== undefined) {
    return new SandboxError(
      "disk",
      `The sandbox could not write its disk, as when there is no room left in ${directory}: ` +
        log.lostWrite,
      lines,
    );
  }
  const detail = reason === undefined ? "" : `: ${reason}`;
  if (code > SIGNAL_BASE) {
    const signal = `signal ${code - SIGNAL_BASE}`;
    return new SandboxError("emulator", `${emulator} was killed by ${signal}${detail}`, lines);
  }
  if (code !== 0) {
    return new SandboxError("emulator", `${emulator} ended with status ${code}${detail}`, lines);
  }
  return new SandboxError(
    "reset",
    `The sandbox's machine reset before the command ended, as after a triple fault${detail}`,
    lines,
  );
}
