/**
 * Running a task as a person would, with its output going into pipes.
 *
 * @module
 */
import { join } from "node:path";
import { UNDIVIDED } from "./fleet/shard.ts";
import { ROOT } from "./program.ts";
import { denoArgumentsOf, type Task } from "./trapline.ts";

/** What a task left behind. */
export interface Ended {
  /** The exit status. */
  readonly code: number;
  /** What it printed. */
  readonly stdout: string;
  /** What it complained of. */
  readonly stderr: string;
}

/**
 * Runs the task `name` with the permissions that it has in `deno.json`, colours
 * not forbidden, and no choice of KVM or shard but that of `env`.
 */
export async function runScript(
  name: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...denoArgumentsOf(tasks[name] as Task, ROOT), ...args],
    cwd: ROOT,
    env: { NO_COLOR: "", TRAPLINE_KVM: "", ...UNDIVIDED, ...env },
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}
