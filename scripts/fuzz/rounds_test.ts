import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../misuse.ts";
import { readRequest } from "./request.ts";
import { filterCount, roundsOf } from "./rounds.ts";

Deno.test("roundsOf() of all shards are those of the whole search, each once", () => {
  for (const filters of [1, 10, 25, 95]) {
    const whole = [...roundsOf({ index: 1, total: 1 }, 7, filters)];
    assertEquals(whole.reduce((sum, round) => sum + round.filters, 0), filters);
    for (const total of [2, 3, 8]) {
      const parts = Array.from({ length: total }, (_, i) => {
        const shard = { index: i + 1, total };
        const rounds = [...roundsOf(shard, 7, filters)];
        const count = rounds.reduce((sum, round) => sum + round.filters, 0);
        assertEquals(filterCount(shard, filters), count);
        return rounds;
      });
      assertEquals(parts.flat().toSorted((a, b) => a.seed - b.seed), whole);
    }
  }
});

Deno.test("roundsOf() goes on for ever without a number of filters, and seeds start anew", () => {
  const rounds = roundsOf({ index: 2, total: 3 }, 2 ** 31 - 2, Infinity).take(2);
  assertEquals([...rounds].map(({ seed }) => seed), [2 ** 31 - 1, 2]);
  assertEquals(filterCount({ index: 2, total: 3 }, Infinity), Infinity);
});

Deno.test("readRequest() divides a search only with a seed that all shards have", () => {
  assertThrows(() => readRequest(["--shard", "1/2"]), MisuseError, "--seed");
  const { shard, seed } = readRequest(["--shard", "1/2", "--seed", "3"]);
  assertEquals([shard, seed], [{ index: 1, total: 2 }, 3]);
});

for (
  const args of [["--seed", "x"], ["--seed", ""], ["--seed", "1.5"], ["--filters", "0"], [
    "--minutes",
    "soon",
  ], ["--minutes", "1", "--filters", "1"]]
) {
  Deno.test(`readRequest() refuses ${args.join(" ")}`, () => {
    assertThrows(() => readRequest(args), MisuseError);
  });
}
