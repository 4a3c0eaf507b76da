/**
 * Disks and devices of one process' own, for the tests of what happens when
 * they are full or gone.
 *
 * @module
 */
import { findProgram } from "./sandbox/program.ts";

/** The command that runs another one with mounts of its own; without root too. */
export const WITH_OWN_MOUNTS = ["unshare", "-rm"] as const;

/** Why nothing can be mounted for one process alone, if so. */
export function whyNoMounts(): string | undefined {
  const [program, ...args] = WITH_OWN_MOUNTS;
  const can = findProgram(program) !== undefined &&
    new Deno.Command(program, { args: [...args, "true"], stderr: "null" }).outputSync().success;
  return can ? undefined : "nothing can be mounted for one process";
}
