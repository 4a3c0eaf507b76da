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
import { onEndingSignal } from "./ending_signals.ts";
import { parseOptions } from "./options.ts";
import { OUTPUT_HELP, requireOutputs } from "./output_place.ts";
import { ROOT } from "./program.ts";
import { runTask } from "./run_task.ts";
import { ProgramError } from "./sandbox/program.ts";
import { StatusLine } from "./status_line.ts";
import { isRefusal, reasonOf } from "./write_error.ts";
import { writeWhole } from "./write_file.ts";

const DEFAULT = "build/trapline";

const USAGE = `deno task compile: make one executable that holds Deno and the suite

Usage: deno task compile [-o FILE]

  -o, --output FILE  the executable; ${DEFAULT} by default
  --help             show this

It runs on Linux on x86-64 with glibc. There it needs sh, tail, gzip and tar, but no Deno and
no network. Its first start unpacks it into TRAPLINE_CACHE, by default trapline in the user's
cache directory.

${OUTPUT_HELP}

Exit status: 0, or 1 when it cannot be made, or 2 for a bad command line.`;

/** The folder that the executable is made in cannot hold it. */
class StageError extends Error {
  override readonly name = "StageError";
}

function stageError(stage: string, error: unknown): unknown {
  if (!isRefusal(error)) return error;
  return new StageError(`Cannot gather the program in "${stage}": ${reasonOf(error)}`);
}

/** The executable, made in the folder `stage`. */
async function makeIn(stage: string, status: StatusLine, signal: AbortSignal): Promise<Blob> {
  try {
    status.draw("gathering the program and its packages");
    await fillStage(stage, ROOT, signal);
    status.draw("packing");
    const { version } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
    const file = await executableOf(stage, version, signal);
    signal.throwIfAborted();
    return file;
  } catch (error) {
    signal.throwIfAborted();
    throw stageError(stage, error);
  }
}

/** Makes the executable at `path` and gives its size in bytes. */
async function compile(path: string, signal: AbortSignal): Promise<number> {
  const stage = await Deno.makeTempDir({ prefix: "trapline-compile-" })
    .catch((error) => Promise.reject(stageError("$TMPDIR", error)));
  const status = new StatusLine();
  try {
    const file = await makeIn(stage, status, signal);
    await writeWhole(path, file, 0o755);
    return file.size;
  } finally {
    status.clear();
    await Deno.remove(stage, { recursive: true });
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { values: { output } } = parseOptions({
    usage: USAGE,
    options: { output: { type: "string", short: "o" } },
    args,
  });
  if (output === undefined) await Deno.mkdir(dirname(DEFAULT), { recursive: true });
  const path = output ?? DEFAULT;
  requireOutputs(path);
  const abort = new AbortController();
  let signalled: number | undefined;
  using _signals = onEndingSignal((_, status) => {
    signalled = status;
    abort.abort();
  });
  try {
    const bytes = await compile(path, abort.signal);
    console.log(`${path}: ${(bytes / 1e6).toFixed(1)} MB`);
    return 0;
  } catch (error) {
    if (signalled !== undefined) return signalled;
    if (!(error instanceof ProgramError || error instanceof StageError)) throw error;
    console.error(error.message);
    return 1;
  }
}

if (import.meta.main) await runTask(USAGE, () => main(Deno.args));
