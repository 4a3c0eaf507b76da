/**
 * What mends a refusal that is the machine's and not the call's: a limit.
 *
 * @module
 */
import { ERRNO } from "../abi/errno.ts";

const REMEDIES: ReadonlyMap<number, string> = new Map([
  [ERRNO.EMFILE, "Raise the limit of open files (ulimit -n), or close some"],
  [ERRNO.ENFILE, "Raise the machine's limit of open files (sysctl fs.file-max), or close some"],
  [
    ERRNO.ENOMEM,
    "Free memory, or raise what limits this process: ulimit -v, memory.max of its control group",
  ],
]);

/** What to do about `errno`, or `undefined` when that depends on the call. */
export function remedyFor(errno: number): string | undefined {
  return REMEDIES.get(errno);
}

/** What a refused call leaves to say: the errno by name, the detail, and the remedy. */
export function refusalText(call: string, name: string, errno: number, detail: string): string {
  const text = `${call} failed: ${name} (${errno})${detail === "" ? "" : `: ${detail}`}`;
  const remedy = remedyFor(errno);
  return remedy === undefined ? text : `${text}. ${remedy}`;
}
