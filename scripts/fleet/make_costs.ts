/**
 * Makes `costs.json` from result files, after clauses were added or changed:
 *
 * ```sh
 * deno task verify --json host.json
 * deno run -A scripts/fleet/make_costs.ts host=host.json amd=build/matrix/amd-6.12.json
 * ```
 *
 * What a file does not have stays as it is in the table; a clause that the
 * catalogue no longer lists goes.
 *
 * @module
 */
import { catalogueIds } from "../../tests/support/catalogue.ts";
import { parseOptions } from "../options.ts";
import type { VerifyRun } from "../results/format.ts";
import { readResults } from "../results/read.ts";
import { writeWhole } from "../write_file.ts";
import { type CostPlace, type CostTable, PLACES } from "./costs.ts";

const USAGE = `make_costs.ts: make the table of expected times from result files

Usage: deno run -A scripts/fleet/make_costs.ts PLACE=RESULTS.json...

  PLACE   host, amd or intel
  --help  show this`;

const TABLE = new URL("costs.json", import.meta.url).pathname;

/** The times of one place. */
export type Times = Pick<VerifyRun, "clauses">;

/** `costs` with the times of `results` at `place`, for the clauses named `ids`. */
export function updatedCosts(
  costs: CostTable,
  place: CostPlace,
  { clauses }: Times,
  ids: readonly string[] = catalogueIds(),
): CostTable {
  const times = new Map(clauses.map(({ id, milliseconds }) => [id, milliseconds]));
  return Object.fromEntries(ids.map((id) => {
    const milliseconds = times.get(id);
    return [id, { ...costs[id], ...(milliseconds !== undefined && { [place]: milliseconds }) }];
  }));
}

/** The table as JSON, a clause a line. */
export function costsText(costs: CostTable): string {
  const lines = Object.entries(costs).map(([id, times]) => {
    const fields = PLACES.flatMap((place) =>
      times[place] === undefined ? [] : [`"${place}": ${times[place]}`]
    );
    return `  "${id}": { ${fields.join(", ")} }`;
  });
  return `{\n${lines.join(",\n")}\n}\n`;
}

async function main(): Promise<void> {
  const { positionals } = parseOptions({ usage: USAGE, options: {}, allowPositionals: true });
  let costs = JSON.parse(await Deno.readTextFile(TABLE)) as CostTable;
  for (const argument of positionals) {
    const [name, ...path] = argument.split("=");
    const place = PLACES.find((place) => place === name);
    if (place === undefined || path.length === 0) {
      console.error(`Cannot use "${argument}": it must be like host=results.json\n\n${USAGE}`);
      Deno.exit(2);
    }
    for (const run of await readResults(path.join("="))) {
      if (run.kind === "verify") costs = updatedCosts(costs, place, run);
    }
  }
  await writeWhole(TABLE, costsText(costs));
}

if (import.meta.main) await main();
