import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { msrIndices } from "@trapline/trapline/sweep";
import { recordsOf, runsOf } from "../../guests/sweep/record.ts";
import { shardText } from "../fleet/shard.ts";
import { exampleMap } from "./example_map.ts";
import { mapFromJson, mapToJson } from "./map.ts";
import { ContradictionError, mergeMaps, type NamedMap } from "./merge.ts";
import { windowsOfShard } from "./shard_windows.ts";

const WHOLE = exampleMap();

/** What a shard of the whole would write. */
function shardOf(index: number, total: number): NamedMap {
  const shard = { index, total };
  const windows = windowsOfShard(shard, WHOLE.windows);
  const records = recordsOf(WHOLE);
  const map = {
    ...WHOLE,
    part: { shard: shardText(shard), of: WHOLE.windows },
    windows,
    runs: runsOf(new Map(msrIndices(windows).map((msr) => [msr, records.get(msr)!]))),
  };
  return { name: `${index}.json`, map: mapFromJson(mapToJson(map)) };
}

Deno.test("windowsOfShard() of all shards are all MSRs, each once, about as many each", () => {
  const parts = [1, 2, 3].map((index) =>
    msrIndices(windowsOfShard({ index, total: 3 }, WHOLE.windows))
  );
  assertEquals(parts.flat().toSorted((a, b) => a - b), msrIndices(WHOLE.windows));
  assertEquals(parts.map(({ length }) => length), [136, 132, 132]);
});

Deno.test("mergeMaps() of all shards is the whole map, in any order", () => {
  const { map, missing, missingShards } = mergeMaps(shardOf(3, 3), shardOf(1, 3), shardOf(2, 3));
  assertEquals([missing, missingShards], [[], []]);
  assertEquals(map, { ...WHOLE, seconds: 3 });
});

Deno.test("mergeMaps() names the shard that is missing, and exactly its MSRs", () => {
  const { map, missing, missingShards } = mergeMaps(shardOf(1, 3), shardOf(3, 3));
  assertEquals(missingShards, ["2/3"]);
  assertEquals(missing, windowsOfShard({ index: 2, total: 3 }, WHOLE.windows));
  assertStringIncludes(map.notes.join(), "shards missing: 2/3");
});

Deno.test("mergeMaps() joins ranges that were swept one by one", () => {
  const [low, high] = WHOLE.windows.map((window) => {
    const runs = WHOLE.runs.filter(({ first }) => first >= window.first && first <= window.last);
    return { name: `${window.first}`, map: { ...WHOLE, windows: [window], runs } };
  });
  assertEquals(mergeMaps(high!, low!).map, { ...WHOLE, seconds: 2 });
});

Deno.test("mergeMaps() refuses what cannot be of one sweep", () => {
  const part = shardOf(1, 3);
  const refusal = (other: NamedMap): string =>
    assertThrows(() => mergeMaps(part, other), ContradictionError).message;
  const { name, map } = shardOf(2, 3);
  const elsewhere = refusal({ name, map: { ...map, host: { ...map.host, kernel: "7.0" } } });
  assertStringIncludes(elsewhere, '"2.json" (7.0, AuthenticAMD) with "1.json" (6.12');
  refusal(shardOf(2, 4));
  refusal({ name, map: { ...map, part: { shard: "2/3", of: WHOLE.windows.slice(1) } } });
  assertStringIncludes(refusal({ ...part, name: "again.json" }), "both have 0x170");
});
