/**
 * Where this program is, and how it is called: as tasks in the repository, or
 * as the one executable that `deno task compile` makes.
 *
 * @module
 */
import { join } from "node:path";

/** The repository's root, or where the executable was unpacked. */
export const ROOT = join(import.meta.dirname!, "..");

/** Whether this is the executable; it sets the variable, also inside a sandbox. */
export function isExecutable(): boolean {
  return Deno.env.get("TRAPLINE_EXECUTABLE") !== undefined;
}

/** `text` with each `deno task NAME` as the executable's user types it. */
export function asCalled(text: string, executable: boolean = isExecutable()): string {
  return executable ? text.replaceAll("deno task ", "trapline ") : text;
}
