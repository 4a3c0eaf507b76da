import { assert, assertEquals } from "@std/assert";
import { catalogueIds } from "./catalogue.ts";
import { deviationsOf } from "./deviations.ts";
import { KNOWN_BUGS } from "./known_bugs.ts";

Deno.test("every known bug has clauses that decide it, or says why it has none", () => {
  const known = new Set(catalogueIds());
  for (const { id, clauses, remark } of KNOWN_BUGS) {
    assertEquals(clauses.filter((clause) => !known.has(clause)), [], id);
    assert(clauses.length > 0 || remark !== undefined, id);
  }
});

Deno.test("the deviations by which a known bug shows are those of its clauses", () => {
  for (const { id, clauses, deviations = [] } of KNOWN_BUGS) {
    const recorded = clauses.flatMap((clause) => deviationsOf(clause).map(({ id }) => id));
    assertEquals(deviations.filter((deviation) => !recorded.includes(deviation)), [], id);
  }
});

Deno.test("known bugs are numbered without a gap", () => {
  const wanted = KNOWN_BUGS.map((_, i) => `B${String(i + 1).padStart(2, "0")}`);
  assertEquals(KNOWN_BUGS.map(({ id }) => id), wanted);
});
