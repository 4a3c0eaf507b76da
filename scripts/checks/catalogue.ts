/**
 * Checks that every clause of the catalogue has a test, and every test a clause.
 *
 * @module
 */
import { catalogueIds } from "../../tests/support/catalogue.ts";
import { loadClauses } from "../verify/load_clauses.ts";

/** What is missing on either side. */
export function catalogueFaults(listed: readonly string[], tested: readonly string[]): string[] {
  return [
    ...new Set(listed).difference(new Set(tested)).keys().map((id) => `${id}: has no test`),
    ...new Set(tested).difference(new Set(listed)).keys().map((id) =>
      `${id}: is not in the catalogue, tests/support/catalogue.ts`
    ),
  ];
}

if (import.meta.main) {
  const tested = (await loadClauses()).map(({ clause }) => clause.id);
  const faults = catalogueFaults(catalogueIds(), tested);
  for (const fault of faults) console.error(fault);
  Deno.exit(faults.length === 0 ? 0 : 1);
}
