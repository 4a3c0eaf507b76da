import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { denoFiles, npmNames } from "./deno_files.ts";
import { inFolder } from "./in_folder.ts";
import { payloadName } from "./payload.ts";

Deno.test("npmNames() takes the packages of a lock file, scopes and peers too", () => {
  const npm = { "fast-check@4.1.0": {}, "@scope/name@1.2.3_peer@4.0.0": {} };
  assertEquals(
    npmNames(JSON.stringify({ version: "5", npm })),
    new Set(["fast-check", "@scope/name"]),
  );
  assertEquals(npmNames('{"version":"5"}'), new Set());
  assertEquals(npmNames(undefined), undefined);
});

/** Makes Deno's cache with three packages in `folder`; gives its path and that of the packages. */
async function makeCache(folder: string): Promise<{ cache: string; packages: string }> {
  const packages = join(folder, "npm", "registry");
  for (const version of ["plain/1.0.0", "other/1.0.0", "@scope/name/2.0.0"]) {
    await Deno.mkdir(join(packages, version), { recursive: true });
  }
  await Deno.writeTextFile(join(packages, "plain", "registry.json"), "{}");
  return { cache: folder, packages };
}

Deno.test("denoFiles() takes the packages of the lock file that are there, or all", async () => {
  await inFolder(async (folder) => {
    const { cache, packages } = await makeCache(folder);
    const found = async (): Promise<string[]> =>
      (await denoFiles(folder, [], cache)).packages.toSorted();
    const names = ["@scope/name", "other", "plain"].map((name) => join(packages, name));
    assertEquals(await found(), names);
    const npm = { "plain@1.0.0": {}, "@scope/name@2.0.0": {}, "absent@3.0.0": {} };
    await Deno.writeTextFile(join(folder, "deno.lock"), JSON.stringify({ version: "5", npm }));
    assertEquals(await found(), [names[0], names[2]]);
  });
});

Deno.test("a payload disk has another name with another version, with a lock file and without", async () => {
  await inFolder(async (folder) => {
    const { cache, packages } = await makeCache(folder);
    const name = async (): Promise<string> =>
      await payloadName(Deno.execPath(), (await denoFiles(folder, [], cache)).packages);
    const first = await name();
    assertEquals(await name(), first);
    await Deno.mkdir(join(packages, "plain", "1.0.1"));
    const second = await name();
    assert(second !== first, second);
    await Deno.mkdir(join(packages, "@scope", "name", "2.0.1"));
    const third = await name();
    assert(third !== second, third);
    // The same version, fetched again.
    await Deno.utime(join(packages, "other", "1.0.0"), 0, 0);
    assert(await name() !== third, third);
  });
});
