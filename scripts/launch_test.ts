import { assertEquals, assertThrows } from "@std/assert";
import { denoArguments } from "./launch.ts";
import { ROOT } from "./program.ts";

Deno.test("denoArguments() leaves the arguments alone where JSR answers", () => {
  assertEquals(denoArguments(["test", "--allow-ffi", "tests"], "jsr"), [
    "test",
    "--allow-ffi",
    "tests",
  ]);
});

Deno.test("denoArguments() puts the import map behind the subcommand where it does not", () => {
  const [subcommand, map, ...rest] = denoArguments(["run", "a.ts", "--json"], "repository");
  assertEquals([subcommand, rest], ["run", ["a.ts", "--json"]]);
  const path = map!.replace("--import-map=", "");
  const { imports } = JSON.parse(Deno.readTextFileSync(path));
  assertEquals(imports["@std/assert"], "./std_assert.ts");
});

Deno.test("denoArguments() names the executable's deno.json, which has everything", () => {
  const args = denoArguments(["test", "a_test.ts"], "executable");
  assertEquals(args, ["test", `--config=${ROOT}/deno.json`, "--no-check", "a_test.ts"]);
});

Deno.test("denoArguments() refuses an empty command line", () => {
  assertThrows(() => denoArguments([], "jsr"), TypeError, "no subcommand");
});

Deno.test("the offline import map differs from deno.json in @std/assert alone", () => {
  const read = (path: string): Record<string, string> =>
    JSON.parse(Deno.readTextFileSync(new URL(path, import.meta.url))).imports;
  const online = read("../deno.json");
  const offline = read("../tests/support/offline_import_map.json");
  assertEquals(Object.keys(offline).sort(), Object.keys(online).sort());
  // A path is the same one, seen from the map's folder.
  const seenFromRoot = (path: string): string => path.replace("../../", "./");
  const differing = Object.keys(online).filter((name) =>
    online[name] !== seenFromRoot(offline[name]!)
  );
  assertEquals(differing, ["@std/assert"]);
});

Deno.test("launch.ts passes SIGTERM on, and ends with the status of what it started", async () => {
  const code = `Deno.addSignalListener("SIGTERM", () => Deno.exit(7));
    setInterval(() => {}, 1000);
    console.log("up");`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `${ROOT}/scripts/launch.ts`, "eval", code],
    // Without a look at JSR.
    env: { TRAPLINE_SANDBOX: "amd" },
    stdout: "piped",
  }).spawn();
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (text.includes("up")) child.kill("SIGTERM");
  }
  assertEquals((await child.status).code, 7);
});
