import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { testUnless } from "../tests/support/test_unless.ts";
import { assertPasses, commandFor, section } from "./own_project.ts";
import { ROOT } from "./program.ts";
import { whyNotInCache } from "./sandbox/in_cache.ts";

for (const vendor of ["amd", "intel"] as const) {
  const isAsked = Deno.env.get("TRAPLINE_TEST_SANDBOX") === "all";
  const reason = await whyNotInCache(vendor) ??
    (isAsked ? undefined : "TRAPLINE_TEST_SANDBOX is not all");
  const name = `the README's project of one's own passes in the ${vendor} sandbox`;
  testUnless(
    reason,
    name,
    () => assertPasses(commandFor(vendor)),
  );
}

Deno.test("the README names every example, and no other", () => {
  const examples = [...Deno.readDirSync(join(ROOT, "tests/examples"))].map(({ name }) => name);
  const rows = section().matchAll(/^\| `(\w+\.ts)` /gm);
  assertEquals([...rows].map(([, name]) => name!).sort(), examples.sort());
});
