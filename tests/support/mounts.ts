/**
 * Disks and devices of one process' own, for the tests of what happens when
 * they are full or gone.
 *
 * @module
 */
import { program } from "./deno_run.ts";

/** The command that runs another one with mounts of its own; without root too. */
export const WITH_OWN_MOUNTS = ["unshare", "-rm"] as const;

/** Something can be mounted for one process alone. */
export function mounts(): string | undefined {
  const [name, ...args] = WITH_OWN_MOUNTS;
  const missing = program(name)();
  if (missing !== undefined) return missing;
  const { success } = new Deno.Command(name, {
    args: [...args, "mount", "-t", "tmpfs", "tmpfs", "/tmp"],
    stderr: "null",
  }).outputSync();
  return success ? undefined : "nothing can be mounted for one process";
}
