import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { catalogueIds, chapterOf, compareIds, sourceOf } from "./catalogue.ts";

Deno.test("catalogueIds() are all different, in order, and each has a source", () => {
  const ids = catalogueIds();
  assertEquals(ids.length, new Set(ids).size);
  assertEquals(ids.toSorted(compareIds), ids);
  for (const letter of "FKUCX") assertEquals(ids.includes(`${letter}-01`), true);
  assert(ids.every((id) => sourceOf(id).length > 0));
});

Deno.test("compareIds() orders numbers as numbers, within the documentation's order", () => {
  assertEquals(["X-101", "F-02", "X-99", "K-01"].toSorted(compareIds), [
    "F-02",
    "K-01",
    "X-99",
    "X-101",
  ]);
});

Deno.test("sourceOf() and chapterOf() lead a reader to the promise", () => {
  assertStringIncludes(sourceOf("K-09"), "KVM_EXIT_X86_RDMSR");
  assertStringIncludes(chapterOf("K"), "KVM_EXIT_X86_RDMSR");
  assertThrows(() => sourceOf("X-999"), RangeError, "X-999");
});
