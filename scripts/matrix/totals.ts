/**
 * Totals over all configurations of a matrix, as three numbers for a shell:
 * passed, failed, skipped.
 *
 * @module
 */
import type { Run } from "../results/format.ts";
import { readResults } from "../results/read.ts";
import { isFailure, VERDICTS } from "../results/verdicts.ts";

/**
 * How many clauses passed, failed and could not be decided; a run that died failed once, and so
 * does each configuration that nobody came to and each disagreement of a search.
 */
export function totals(runs: readonly Run[]): [passed: number, failed: number, skipped: number] {
  let [passed, failed, skipped] = [0, 0, 0];
  const begun = new Set(
    runs.filter(({ kind }) => kind !== "planned").map(({ configuration }) => configuration),
  );
  for (const run of runs) {
    if (run.kind === "died") failed++;
    if (run.kind === "planned" && !begun.has(run.configuration)) failed++;
    if (run.kind === "fuzz") failed += run.disagreements.length;
    if (run.kind !== "verify") continue;
    for (const kind of VERDICTS) {
      const count = run.counts[kind];
      if (isFailure(kind)) failed += count;
      else if (kind === "undecided") skipped += count;
      else passed += count;
    }
  }
  return [passed, failed, skipped];
}

if (import.meta.main) {
  console.log(totals(await readResults(Deno.args[0]!)).join(" "));
}
