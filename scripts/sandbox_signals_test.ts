/**
 * Ctrl-C and SIGTERM at moments chosen at random, from the start of a sandbox
 * until its command runs.
 */
import { assertEquals } from "@std/assert";
import { endAtMoments, ROOT } from "./ending_moments.ts";
import { whyNotInCache } from "./sandbox/in_cache.ts";
import { testUnless } from "../tests/support/test_unless.ts";

const MOMENTS = 20;
/** Milliseconds in which a boot comes to its command. */
const SPAN = 14_000;

const reason = await whyNotInCache("amd") ??
  (Deno.env.get("TRAPLINE_TEST_SANDBOX") === "all"
    ? undefined
    : "TRAPLINE_TEST_SANDBOX is not all");

function testTask(name: string, args: (folder: string) => readonly string[]): void {
  testUnless(
    reason,
    `${name} ends at Ctrl-C and SIGTERM while it boots, and leaves nothing`,
    async () => {
      await endAtMoments(MOMENTS, SPAN, ["out.json"], (folder) => [
        ...["run", "--quiet", "--no-check", "--allow-all"],
        ...args(folder),
      ]);
      const results = [...Deno.readDirSync(`${ROOT}build/matrix`)].map(({ name }) => name);
      assertEquals(results.filter((name) => name.endsWith(".new")), []);
    },
  );
}

await Deno.mkdir(`${ROOT}build/matrix`, { recursive: true });

testTask("sandbox", () => ["scripts/sandbox.ts", "--", "sh", "-c", "echo up; sleep 1000"]);
testTask("matrix", (folder) => [
  ...["scripts/matrix.ts", "--no-host", "--vendor", "amd", "--kernel", "6.12", "--filter", "F-05"],
  ...["--json", `${folder}/out.json`],
]);
