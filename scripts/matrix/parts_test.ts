import { assert, assertEquals } from "@std/assert";
import { catalogueIds } from "../../tests/support/catalogue.ts";
import { configurations } from "./configuration.ts";
import { type Assignment, assignments, partsOf } from "./parts.ts";

const ids = catalogueIds();
const all = configurations(undefined, undefined, false);

function pairs(parts: readonly (readonly Assignment[])[]): string[] {
  return parts.flat().flatMap(({ configuration, ids }) =>
    ids.map((id) => `${configuration.name} ${id}`)
  ).toSorted();
}

Deno.test("assignments() decide every clause at every configuration once", () => {
  const wanted = all.flatMap(({ name }) => ids.map((id) => `${name} ${id}`)).toSorted();
  for (const count of [1, 2, 5, 8, 20]) {
    const parts = assignments(all, ids, count);
    assertEquals(parts.length, count);
    assertEquals(pairs(parts), wanted);
  }
});

Deno.test("assignments() name a configuration once a shard, and all of it for one shard", () => {
  const [whole] = assignments(all, ids, 1);
  assertEquals(whole!.map(({ configuration }) => configuration), all);
  assertEquals(whole![0]!.ids, ids);
  for (const part of assignments(all, ids, 5)) {
    const names = part.map(({ configuration }) => configuration.name);
    assertEquals(names.length, new Set(names).size);
  }
});

Deno.test("assignments() cut a configuration when there are more shards than configurations", () => {
  const amd = configurations("amd", "6.12", false);
  const parts = assignments(amd, ids, 4);
  assert(parts.every((part) => part.length === 1 && part[0]!.ids.length > 0));
});

Deno.test("assignments() come to the same whatever the order of the configurations", () => {
  const parts = assignments(all, ids, 5).map((part) => pairs([part]));
  assertEquals(assignments(all.toReversed(), ids, 5).map((part) => pairs([part])), parts);
});

Deno.test("partsOf() numbers the parts of each configuration among themselves", () => {
  const shards = [1, 2, 3, 4, 5].map((index) => partsOf({ index, total: 5 }, all, ids));
  for (const { name } of all) {
    const parts = shards.flat().filter(({ configuration }) => configuration.name === name);
    assertEquals(
      parts.map(({ shard }) => shard),
      parts.map((_, i) => ({ index: i + 1, total: parts.length })),
    );
  }
});
