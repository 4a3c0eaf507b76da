import { assertEquals } from "@std/assert";
import { catalogueFaults } from "./catalogue.ts";

Deno.test("catalogueFaults() names clauses without tests and tests without clauses", () => {
  assertEquals(catalogueFaults(["F-01", "F-02"], ["F-02", "F-01"]), []);
  assertEquals(catalogueFaults(["F-01", "F-02"], ["F-02", "X-99"]), [
    "F-01: has no test",
    "X-99: is not in the catalogue, tests/support/catalogue.ts",
  ]);
});
