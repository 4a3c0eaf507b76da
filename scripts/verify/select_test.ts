import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../misuse.ts";
import { idMatcher } from "./select.ts";

Deno.test("idMatcher() matches whole ids, wildcards and lists, in any case", () => {
  const ids = ["F-01", "F-10", "K-01", "X-100"];
  const chosen = (patterns: string): string[] => ids.filter(idMatcher(patterns));
  assertEquals(chosen("F-01"), ["F-01"]);
  assertEquals(chosen("F-0"), []);
  assertEquals(chosen("f-*"), ["F-01", "F-10"]);
  assertEquals(chosen("?-01"), ["F-01", "K-01"]);
  assertEquals(chosen("K-*, X-1*"), ["K-01", "X-100"]);
});

Deno.test("idMatcher() refuses what cannot be an id", () => {
  assertThrows(() => idMatcher("F-(01"), MisuseError, 'Cannot select clauses by "F-(01"');
  assertThrows(() => idMatcher(""), MisuseError);
});
