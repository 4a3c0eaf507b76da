/**
 * Runs a Deno subcommand with `@std/assert` from JSR, or, where JSR cannot be
 * reached, with the import map that puts the adapter of `tests/support/` in its
 * place. Every task whose code asserts goes through here.
 *
 * `deno run scripts/launch.ts test --allow-ffi tests` runs `deno test --allow-ffi tests`.
 *
 * @module
 */
import { join } from "node:path";
import { runToEnd } from "./ending_signals.ts";
import { isExecutable, ROOT } from "./program.ts";
import { StatusLine } from "./status_line.ts";

const JSR_PATIENCE_MS = 10_000;

/** Where Deno finds `@std/assert`: on JSR, in the repository, or in the executable. */
export type Source = "jsr" | "repository" | "executable";

/**
 * Whether `@std/assert` can be had from JSR, or is in Deno's cache already; or
 * the status to end with, when a signal came meanwhile.
 */
async function jsrAnswers(): Promise<boolean | number> {
  const status = new StatusLine();
  status.draw("asking JSR for @std/assert");
  const { success, ended } = await runToEnd(
    new Deno.Command(Deno.execPath(), {
      args: ["cache", "--quiet", "jsr:@std/assert@^1"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
      signal: AbortSignal.timeout(JSR_PATIENCE_MS),
    }),
  );
  status.clear();
  return ended ?? success;
}

/** Where Deno finds `@std/assert` without a network. */
export function offlineSource(): Source {
  return isExecutable() ? "executable" : "repository";
}

/** The arguments for Deno, with what makes it find `@std/assert` in `source`. */
export function denoArguments(args: readonly string[], source: Source): string[] {
  const [subcommand, ...rest] = args;
  if (subcommand === undefined) throw new TypeError("Cannot launch Deno: no subcommand is given");
  if (source === "jsr") return [...args];
  if (source === "repository") {
    const map = join(ROOT, "tests/support/offline_import_map.json");
    return [subcommand, `--import-map=${map}`, ...rest];
  }
  // The executable's deno.json has the adapter, and every package beside it, but no types of Node.
  return [subcommand, `--config=${join(ROOT, "deno.json")}`, "--no-check", ...rest];
}

/**
 * Runs Deno with `args` as they are, and with more variables, and gives its exit
 * status; a signal that would end this process ends that one.
 */
export async function runDeno(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], env });
  return (await runToEnd(command)).code;
}

/**
 * Runs Deno with `args`, `@std/assert` found where it can be had, and with more
 * variables, and gives its exit status.
 */
export async function launch(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  // A sandbox has no network, an executable needs none: to ask would only take its time.
  const isOffline = isExecutable() || Deno.env.get("TRAPLINE_SANDBOX") !== undefined;
  const jsr = !isOffline && await jsrAnswers();
  if (typeof jsr === "number") return jsr;
  if (!isOffline && !jsr) {
    console.error("JSR cannot be reached: @std/assert is tests/support/std_assert.ts");
  }
  return await runDeno(denoArguments(args, jsr ? "jsr" : offlineSource()), env);
}

if (import.meta.main) Deno.exit(await launch(Deno.args));
