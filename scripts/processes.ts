/**
 * Looking for processes that a test's own left behind.
 *
 * @module
 */
import { readDirectory, readTextFile } from "../kvm/sys/proc.ts";
import { SystemError } from "../mod.ts";

/** The processes whose arguments name `folder`, by number. */
export function processesOf(folder: string): string[] {
  return readDirectory("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readTextFile(`/proc/${name}/cmdline`).includes(folder);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return false; // It has ended meanwhile.
    }
  });
}
