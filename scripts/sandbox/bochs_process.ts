/**
 * Bochs as a process of its own: how it is started so that it runs where it
 * was unpacked, and does not outlive the one who started it.
 *
 * @module
 */
import { join } from "node:path";
import type { Tools } from "./machine.ts";
import { findProgram, textOf } from "./program.ts";

/** A command, ready to be started. */
export interface ProcessCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const LOADERS = ["lib64", "usr/lib64"].map((folder) => join(folder, "ld-linux-x86-64.so.2"));
const LIBRARIES = "LD_LIBRARY_PATH";

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/**
 * Starts a program of another release through the dynamic loader that came with it: this
 * machine's own does not take a newer C library.
 */
export async function throughLoader(
  { program, args, env }: ProcessCommand,
  { root }: Tools,
): Promise<ProcessCommand> {
  const { [LIBRARIES]: libraries, ...rest } = env;
  if (root === "/" || libraries === undefined) return { program, args, env };
  for (const loader of LOADERS.map((path) => join(root, path))) {
    if (!await exists(loader)) continue;
    return { program: loader, args: ["--library-path", libraries, program, ...args], env: rest };
  }
  return { program, args, env };
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
