/**
 * Loading every clause of the repository.
 *
 * @module
 */
import { compareIds } from "../../tests/support/catalogue.ts";
import { type Clause, clauses } from "../../tests/support/clause.ts";

const FOLDER = new URL("../../tests/clauses/", import.meta.url);

/** A clause with the file of its test. */
export interface LoadedClause {
  /** The clause. */
  readonly clause: Clause;
  /** The file, from the repository's root. */
  readonly file: string;
}

/** Loads every clause of the repository, in the order of the catalogue. */
export async function loadClauses(): Promise<readonly LoadedClause[]> {
  const loaded: LoadedClause[] = [];
  const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).toSorted();
  for (const name of names) {
    if (!name.endsWith("_test.ts")) continue;
    const before = clauses().length;
    await import(new URL(name, FOLDER).href);
    for (const clause of clauses().slice(before)) {
      loaded.push({ clause, file: `tests/clauses/${name}` });
    }
  }
  return loaded.toSorted((a, b) => compareIds(a.clause.id, b.clause.id));
}
