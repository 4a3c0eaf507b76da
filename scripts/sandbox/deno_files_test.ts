import { assertEquals } from "@std/assert";
import { npmNames } from "./deno_files.ts";

Deno.test("npmNames() takes the packages of a lock file, scopes and peers too", () => {
  const npm = { "fast-check@4.1.0": {}, "@scope/name@1.2.3_peer@4.0.0": {} };
  assertEquals(
    npmNames(JSON.stringify({ version: "5", npm })),
    new Set(["fast-check", "@scope/name"]),
  );
  assertEquals(npmNames('{"version":"5"}'), new Set());
  assertEquals(npmNames(undefined), undefined);
});
