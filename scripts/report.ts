/**
 * `deno task report`: the results of many runs as one page.
 *
 * @module
 */
import { resolve } from "node:path";
import { MisuseError } from "./misuse.ts";
import { parseOptions } from "./options.ts";
import { OUTPUT_HELP, requireOutputs } from "./output_place.ts";
import { Progress } from "./progress.ts";
import { reportText } from "./report/headline.ts";
import { reportPage } from "./report/page.tsx";
import { type Merged, mergeResults, type Source } from "./results/merge.ts";
import { readResults } from "./results/read.ts";
import { runTask } from "./run_task.ts";
import { writeWhole } from "./write_file.ts";

const USAGE = `deno task report: show the results of many runs as one page

Usage: deno task report [-o FILE] RESULTS.json...
       deno task report --schema

  -o, --output FILE  where to write the page; report.html by default
  --schema           print the JSON Schema of result files
  --help             show this

The results are what verify, matrix and fuzz write with --json, on one host or on many. Runs on
equal machines are of one configuration; a clause that came to different verdicts there is shown
as flaky, and what is missing is named. The page needs nothing but itself.

${OUTPUT_HELP}

Exit status: 0, or 1 when a file cannot be read or written, in which case no page is written; 2
for a bad command line.`;

const SCHEMA = new URL("results/schema.json", import.meta.url);

async function readAll(paths: readonly string[], progress: Progress): Promise<Source[]> {
  const sources: Source[] = [];
  for (const path of paths) {
    await begin(progress, `reading ${path}`);
    sources.push({ path, runs: await readResults(path) });
  }
  return sources;
}

/** Shows the step before it takes the thread for itself. */
async function begin(progress: Progress, step: string): Promise<void> {
  progress.show(step);
  await new Promise((resolve) => setTimeout(resolve));
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions({
    usage: USAGE,
    options: { output: { type: "string", short: "o" }, schema: { type: "boolean" } },
    args,
    allowPositionals: true,
  });
  if (values.schema === true) {
    if (positionals.length > 0) throw new MisuseError("--schema takes no result files");
    console.log(Deno.readTextFileSync(SCHEMA).trimEnd());
    return 0;
  }
  if (positionals.length === 0) throw new MisuseError("No result files are given");
  const output = values.output ?? "report.html";
  if (positionals.some((path) => resolve(path) === resolve(output))) {
    throw new MisuseError(`Cannot write "${output}": it is one of the result files`);
  }
  requireOutputs(output);
  const progress = new Progress("steps", positionals.length + 2);
  let merged: Merged;
  try {
    const sources = await readAll(positionals, progress);
    await begin(progress, "merging");
    merged = mergeResults(sources);
    await begin(progress, `writing ${output}`);
    await writeWhole(output, reportPage(merged));
  } finally {
    progress.clear();
  }
  console.log(`${reportText(merged)}\nWritten to ${output}`);
  return 0;
}

if (import.meta.main) await runTask(USAGE, () => main(Deno.args));
