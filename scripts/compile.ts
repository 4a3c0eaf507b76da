/**
 * `deno task compile`: makes one executable that holds Deno and the suite.
 *
 * Not by `deno compile`: its executables cannot run what is not inside them, a
 * user's test, and have no Deno that a sandbox could take along. This one is a
 * shell script with an archive behind it, which it unpacks at its first start.
 *
 * @module
 */
import { dirname } from "node:path";
import { executableOf } from "./compile/executable.ts";
import { fillStage } from "./compile/stage.ts";
import { parseOptions } from "./options.ts";
import { ROOT } from "./program.ts";
import { ProgramError } from "./sandbox/program.ts";
import { StatusLine } from "./status_line.ts";

const USAGE = `deno task compile: make one executable that holds Deno and the suite

Usage: deno task compile [-o FILE]

  -o, --output FILE  the executable; build/trapline by default
  --help             show this

It runs on Linux on x86-64 with glibc. There it needs sh, tail, gzip and tar, but no Deno and
no network. Its first start unpacks it into TRAPLINE_CACHE, by default trapline in the user's
cache directory.

Exit status: 0, or 1 when it cannot be made, or 2 for a bad command line.`;

/** Makes the executable at `path` and gives its size in bytes. */
async function compile(path: string): Promise<number> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const stage = await Deno.makeTempDir({ prefix: "trapline-compile-" });
  const unfinished = `${path}.${Deno.pid}.tmp`;
  const status = new StatusLine();
  try {
    status.draw("gathering the program and its packages");
    await fillStage(stage, ROOT);
    status.draw("packing");
    const { version } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
    const file = await executableOf(stage, version);
    await Deno.writeFile(unfinished, file.stream(), { mode: 0o755 });
    await Deno.rename(unfinished, path);
    return file.size;
  } finally {
    status.clear();
    await Deno.remove(stage, { recursive: true });
    await Deno.remove(unfinished).catch(() => {});
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { values: { output = "build/trapline" } } = parseOptions({
    usage: USAGE,
    options: { output: { type: "string", short: "o" } },
    args,
  });
  try {
    const bytes = await compile(output);
    console.log(`${output}: ${(bytes / 1e6).toFixed(1)} MB`);
    return 0;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    console.error(error.message);
    return 1;
  }
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
