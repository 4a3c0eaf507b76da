/**
 * `deno task clauses`: the map from every promise to its test and its verdicts.
 *
 * @module
 */
import { sourceOf } from "../tests/support/catalogue.ts";
import { KNOWN_BUGS } from "../tests/support/known_bugs.ts";
import { clausesPage } from "./clauses/page.ts";
import type { Column } from "./matrix/table.ts";
import { RESULTS } from "./matrix/results_folder.ts";
import { parseOptions } from "./options.ts";
import { OUTPUT_HELP, requireOutputs } from "./output_place.ts";
import { readResults } from "./results/read.ts";
import { loadClauses } from "./verify/load_clauses.ts";
import { runTask } from "./run_task.ts";
import { writeWhole } from "./write_file.ts";

const USAGE = `deno task clauses: list every clause with its source, its test and its verdicts

Usage: deno task clauses [--output FILE] [RESULTS.json...]

  --output FILE  where to write the page; to standard output by default
  --help         show this

The page is Markdown. The verdicts are those of the result files named, each what
"verify --json" or "matrix --json" wrote; by default those of the last matrix, in ${RESULTS}.

${OUTPUT_HELP}

Exit status: 0, or 1 when a result file cannot be read, or 2 for a bad command line.`;

function lastResults(): string[] {
  try {
    return [...Deno.readDirSync(RESULTS)]
      .filter(({ name }) => name.endsWith(".json"))
      .map(({ name }) => `${RESULTS}/${name}`)
      .toSorted();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function readColumns(paths: readonly string[]): Promise<Column[]> {
  const files = await Promise.all(paths.map(readResults));
  return files.flat().filter((run) => run.kind === "verify" || run.kind === "died");
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions({
    usage: USAGE,
    options: { output: { type: "string", short: "o" } },
    args,
    allowPositionals: true,
  });
  requireOutputs(values.output);
  const clauses = (await loadClauses()).map(({ clause: { id, sentence }, file }) => ({
    id,
    sentence,
    source: sourceOf(id),
    file,
  }));
  const paths = positionals.length === 0 ? lastResults() : positionals;
  const page = clausesPage(clauses, KNOWN_BUGS, await readColumns(paths));
  if (values.output === undefined) console.log(page);
  else await writeWhole(values.output, page);
  return 0;
}

if (import.meta.main) await runTask(USAGE, () => main(Deno.args));
