import { assert, assertEquals } from "@std/assert";
import { catalogueIds } from "../../tests/support/catalogue.ts";
import { clausesOf } from "./clause_parts.ts";
import { millisecondsAt, PLACES, shareEverywhere } from "./costs.ts";
import { costsText, type Times, updatedCosts } from "./make_costs.ts";

const costs = {
  "F-01": { host: 0, amd: 100 },
  "F-02": { host: 10, amd: 300 },
  "F-03": { host: 30, amd: 600 },
};

Deno.test("millisecondsAt() is the table's time, at least 1, and the median of what it lacks", () => {
  const host = millisecondsAt("host", costs);
  assertEquals(["F-01", "F-02", "F-03", "F-99"].map(host), [1, 10, 30, 10]);
});

Deno.test("shareEverywhere() adds up the shares of each place, however slow it is", () => {
  const share = shareEverywhere(costs);
  // No times of Intel are there: each clause has the same of it.
  assertEquals(share("F-02") - 1, 10 / 41 + 300 / 1000);
});

Deno.test("clausesOf() divides all clauses, evenly at every place of the table", () => {
  const ids = catalogueIds();
  for (const count of [1, 2, 4, 8]) {
    const parts = Array.from(
      { length: count },
      (_, i) => clausesOf({ index: i + 1, total: count }, ids),
    );
    assertEquals(parts.flat().toSorted(), ids.toSorted());
    for (const place of PLACES) {
      const cost = millisecondsAt(place);
      const times = parts.map((part) => part.reduce((sum, id) => sum + cost(id), 0));
      const all = times.reduce((sum, time) => sum + time, 0);
      // Three clauses take a third of all; 8 parts cannot be even.
      assert(Math.max(...times) < 1.6 * all / count, `${count} parts at ${place}: ${times}`);
    }
  }
});

Deno.test("clausesOf() gives nothing to the shards beyond the clauses", () => {
  const parts = [1, 2, 3].map((index) => clausesOf({ index, total: 3 }, ["F-01", "F-02"]));
  assertEquals(parts.map(({ length }) => length).toSorted(), [0, 1, 1]);
});

Deno.test("updatedCosts() takes the times of one place and drops clauses that are gone", () => {
  const results = { clauses: [{ id: "F-01", milliseconds: 7 }] } as unknown as Times;
  const updated = updatedCosts(costs, "host", results, ["F-01", "F-02"]);
  assertEquals(updated, { "F-01": { host: 7, amd: 100 }, "F-02": { host: 10, amd: 300 } });
  assertEquals(JSON.parse(costsText(updated)), updated);
});
