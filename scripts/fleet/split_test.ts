import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { costOf, type Piece, splitByCost } from "./split.ts";

const pieces = (): fc.Arbitrary<Piece[]> =>
  fc.uniqueArray(fc.record({ id: fc.string(), cost: fc.nat({ max: 1000 }) }), {
    selector: ({ id }) => id,
    maxLength: 60,
  });
const counts = (): fc.Arbitrary<number> => fc.integer({ min: 1, max: 12 });

function names(parts: readonly (readonly Piece[])[]): string[][] {
  return parts.map((part) => part.map(({ id }) => id).toSorted());
}

Deno.test("splitByCost() puts every piece into one part", () => {
  fc.assert(fc.property(pieces(), counts(), (all, count) => {
    const parts = splitByCost(all, count);
    assertEquals(parts.length, count);
    assertEquals(parts.flat().map(({ id }) => id).toSorted(), all.map(({ id }) => id).toSorted());
  }));
});

Deno.test("splitByCost() comes to the same, whatever the order of the pieces", () => {
  fc.assert(fc.property(pieces(), counts(), fc.nat(), (all, count, turn) => {
    const at = all.length === 0 ? 0 : turn % all.length;
    const turned = [...all.slice(at), ...all.slice(0, at)].toReversed();
    assertEquals(names(splitByCost(turned, count)), names(splitByCost(all, count)));
  }));
});

Deno.test("splitByCost() leaves no part dearer than its share and one piece", () => {
  fc.assert(fc.property(pieces(), counts(), (all, count) => {
    const dearest = Math.max(0, ...all.map(({ cost }) => cost));
    for (const part of splitByCost(all, count)) {
      assert(costOf(part) <= costOf(all) / count + dearest);
    }
  }));
});

Deno.test("splitByCost() takes the dearest first, and ties by id and by part", () => {
  const all = [["b", 2], ["a", 2], ["d", 5], ["c", 2]].map(([id, cost]) =>
    ({ id, cost }) as { id: string; cost: number }
  );
  assertEquals(names(splitByCost(all, 2)), [["d"], ["a", "b", "c"]]);
  assertEquals(names(splitByCost(all, 3)), [["d"], ["a", "c"], ["b"]]);
  // The order within a part is the one given.
  assertEquals(splitByCost(all, 1)[0], all);
});

Deno.test("splitByCost() refuses a number of parts that cannot be", () => {
  for (const count of [0, -1, 1.5, NaN]) assertThrows(() => splitByCost([], count), RangeError);
});
