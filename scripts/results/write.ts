/**
 * Writing result files, and the report on them.
 *
 * @module
 */
import { writeWhole } from "../write_file.ts";
import { mergeResults } from "./merge.ts";
import { FORMAT, type ResultsFile, type Run, VERSION } from "./format.ts";

/** `runs` as the text of a result file. */
export function resultsText(runs: readonly Run[]): string {
  const file: ResultsFile = { format: FORMAT, version: VERSION, runs };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Writes `runs` to `path`, whole or not at all. */
export async function writeResults(path: string, runs: readonly Run[]): Promise<void> {
  await writeWhole(path, resultsText(runs));
}

/** Writes the report on `runs` to `path`, whole or not at all; `from` is what the page calls them. */
export async function writeReport(
  path: string,
  from: string,
  runs: readonly Run[],
): Promise<void> {
  // Loaded when it is wanted: an emulated processor takes seconds to compile it.
  const { reportPage } = await import("../report/page.tsx");
  await writeWhole(path, reportPage(mergeResults([{ path: from, runs }])));
}
