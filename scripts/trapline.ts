/**
 * `trapline COMMAND`: runs a task of `deno.json` with that task's permissions,
 * whatever the current directory is. It is what the executable starts.
 *
 * @module
 */
import { join } from "node:path";
import { runDeno } from "./launch.ts";
import { ROOT } from "./program.ts";

/** A task, as `deno.json` has it. */
export interface Task {
  readonly description: string;
  readonly command: string;
}

/** Tasks for those who change Trapline, which need the whole repository. */
const OF_THE_REPOSITORY: ReadonlySet<string> = new Set(["bench", "check", "compile", "ok"]);

/** The tasks that are commands too, by name. */
export function commandsOf(tasks: Readonly<Record<string, Task>>): ReadonlyMap<string, Task> {
  return new Map(Object.entries(tasks).filter(([name]) => !OF_THE_REPOSITORY.has(name)));
}

/** Deno's arguments for a task, its scripts found from `root`. */
export function denoArgumentsOf({ command }: Task, root: string): string[] {
  const [program, ...args] = command.split(" ");
  if (program !== "deno" || args.includes("&&")) {
    throw new SyntaxError(`Cannot run "${command}": it is not one call of deno`);
  }
  return args.map((arg) => arg.startsWith("scripts/") ? join(root, arg) : arg);
}

/** What `--help` prints. */
export function usageOf(commands: ReadonlyMap<string, Task>): string {
  const width = Math.max(...[...commands.keys()].map(({ length }) => length));
  const rows = [...commands].map(([name, { description }]) =>
    `  ${name.padEnd(width)}  ${description}`
  );
  return [
    "trapline: test what KVM promises about MSR filtering",
    "",
    "Usage: trapline COMMAND [ARGUMENT]...",
    "       trapline --help | --version",
    "",
    ...rows,
    "",
    "trapline COMMAND --help says more. A test of your own: trapline test my_test.ts",
  ].join("\n");
}

async function main([name = "--help", ...args]: readonly string[]): Promise<number> {
  const { tasks, version } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const commands = commandsOf(tasks);
  if (name === "--help" || name === "-h") {
    console.log(usageOf(commands));
    return 0;
  }
  if (name === "--version") {
    console.log(`trapline ${version}, deno ${Deno.version.deno}`);
    return 0;
  }
  const task = commands.get(name);
  if (task === undefined) {
    console.error(`Cannot run "${name}": no such command\n\n${usageOf(commands)}`);
    return 2;
  }
  return await runDeno([...denoArgumentsOf(task, ROOT), ...args]);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
