/**
 * Runs a Deno subcommand with `@std/assert` from JSR, or, where JSR cannot be
 * reached, with the import map that puts the adapter of `tests/support/` in its
 * place. Every task whose code asserts goes through here.
 *
 * `deno run scripts/launch.ts test --allow-ffi tests` runs `deno test --allow-ffi tests`.
 *
 * @module
 */

const JSR_PATIENCE_MS = 10_000;

const OFFLINE_IMPORT_MAP = new URL("../tests/support/offline_import_map.json", import.meta.url);

/** Whether `@std/assert` can be had from JSR, or is in Deno's cache already. */
async function jsrAnswers(): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "jsr:@std/assert@^1"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    signal: AbortSignal.timeout(JSR_PATIENCE_MS),
  }).output();
  return success;
}

/** The arguments for Deno, with the import map if it is needed. */
export function denoArguments(args: readonly string[], jsr: boolean): string[] {
  const [subcommand, ...rest] = args;
  if (subcommand === undefined) throw new TypeError("Cannot launch Deno: no subcommand is given");
  return jsr ? [...args] : [subcommand, `--import-map=${OFFLINE_IMPORT_MAP.pathname}`, ...rest];
}

/** Runs Deno with `args`, and gives its exit status. */
export async function launch(args: readonly string[]): Promise<number> {
  // A sandbox has no network: to ask would only take its time.
  const isInside = Deno.env.get("TRAPLINE_SANDBOX") !== undefined;
  const jsr = !isInside && await jsrAnswers();
  if (!jsr && !isInside) {
    console.error("JSR cannot be reached: @std/assert is tests/support/std_assert.ts");
  }
  // Ctrl-C reaches the child too; this process waits for how it ends.
  const wait = (): void => {};
  Deno.addSignalListener("SIGINT", wait);
  const child = new Deno.Command(Deno.execPath(), { args: denoArguments(args, jsr) }).spawn();
  const { code } = await child.status;
  Deno.removeSignalListener("SIGINT", wait);
  return code;
}

if (import.meta.main) Deno.exit(await launch(Deno.args));
