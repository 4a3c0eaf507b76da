/**
 * How a program of another release is started so that it runs where it was unpacked.
 *
 * @module
 */
import { join } from "node:path";
import type { ProcessCommand } from "./emulator_process.ts";
import type { Tools } from "./machine.ts";

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
