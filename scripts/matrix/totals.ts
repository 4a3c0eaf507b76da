/**
 * Totals over all configurations of a matrix, as three numbers for a shell:
 * passed, failed, skipped.
 *
 * @module
 */
import { isFailure, VERDICTS } from "../verify/results.ts";
import type { Column } from "./table.ts";

/** How many clauses passed, failed and could not be decided; a dead configuration failed once. */
export function totals(
  columns: readonly Column[],
): [passed: number, failed: number, skipped: number] {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const column of columns) {
    if ("failure" in column) {
      failed++;
      continue;
    }
    for (const kind of VERDICTS) {
      const count = column.results.counts[kind];
      if (isFailure(kind)) failed += count;
      else if (kind === "undecided") skipped += count;
      else passed += count;
    }
  }
  return [passed, failed, skipped];
}

if (import.meta.main) {
  const { configurations } = JSON.parse(Deno.readTextFileSync(Deno.args[0]!));
  console.log(totals(configurations).join(" "));
}
