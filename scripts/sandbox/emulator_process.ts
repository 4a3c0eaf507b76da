/**
 * An emulator's process, which does not outlive the one that started it.
 *
 * @module
 */
import { findProgram, textOf } from "./program.ts";

/** A command, ready to be started. */
export interface ProcessCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Has the kernel kill the program when the process that started it is gone, where that can be had. */
export async function withParent(command: ProcessCommand): Promise<ProcessCommand> {
  const setpriv = findProgram("setpriv");
  if (setpriv === undefined) return command;
  const help = await textOf(setpriv, ["--help"], { what: "ask setpriv what it can" })
    .catch(() => "");
  if (!help.includes("--pdeathsig")) return command;
  const { program, args } = command;
  return {
    ...command,
    program: setpriv,
    args: ["--pdeathsig", "KILL", "--", program, ...args],
  };
}

/**
 * The function that ends `child` at once and is harmless when it has ended;
 * `signal` calls it too, also when it was aborted before the child was there.
 */
export function killerOf(child: Deno.ChildProcess, signal: AbortSignal): () => void {
  const kill = (): void => {
    try {
      // Not SIGTERM, which Bochs takes for a key of its keyboard.
      child.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  signal.addEventListener("abort", kill);
  if (signal.aborted) kill();
  child.status.then(() => signal.removeEventListener("abort", kill));
  return kill;
}
