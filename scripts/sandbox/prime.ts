/**
 * Compiling and checking on the host what a command will run in the sandbox,
 * where both take a hundred times as long and nothing can be fetched.
 *
 * @module
 */
import { basename } from "node:path";

/** Patience in milliseconds; a command that takes longer goes on inside. */
const PATIENCE_MS = 120_000;

const SUBCOMMANDS: ReadonlySet<string> = new Set(["test", "bench"]);

/** Deno's arguments that prepare for `command` without running it, if there are such. */
export function primingArguments(command: readonly string[]): string[] | undefined {
  const [program = "", subcommand = "", ...rest] = command;
  if (basename(program) !== "deno" || !SUBCOMMANDS.has(subcommand)) return undefined;
  if (rest.some((arg) => arg.startsWith("--watch"))) return undefined; // It would never end.
  return [subcommand, "--no-run", ...rest];
}

/**
 * Fills Deno's cache with what `command` will need. What is wrong with it,
 * if anything, Deno says again inside.
 */
export async function primeDeno(
  command: readonly string[],
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const args = primingArguments(command);
  if (args === undefined) return;
  await new Deno.Command(Deno.execPath(), {
    args,
    cwd: directory,
    stdin: "null",
    stdout: "null",
    stderr: "null",
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
  }).output();
}
