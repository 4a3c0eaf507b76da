/**
 * Writing result files.
 *
 * @module
 */
import { writeWhole } from "../write_file.ts";
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
