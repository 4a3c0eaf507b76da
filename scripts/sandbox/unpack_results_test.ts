import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { ProgramError } from "./program.ts";
import { unpackResults } from "./unpack_results.ts";
import { inFolder } from "./in_folder.ts";

/** Packs a file, and a folder with another one, and gives the archive's path. */
async function pack(folder: string): Promise<string> {
  await Deno.mkdir(join(folder, "in", "sub"), { recursive: true });
  await Deno.writeTextFile(join(folder, "in", "a"), "new ".repeat(10_000));
  await Deno.writeTextFile(join(folder, "in", "sub", "b"), "new");
  const archive = join(folder, "results.tar");
  const args = ["--create", `--file=${archive}`, `--directory=${folder}/in`, "a", "sub"];
  assertEquals((await new Deno.Command("tar", { args }).output()).success, true);
  return archive;
}

async function makeOld(folder: string): Promise<string> {
  const target = join(folder, "out");
  await Deno.mkdir(join(target, "sub"), { recursive: true });
  for (const name of ["a", "sub/b", "sub/c"]) await Deno.writeTextFile(join(target, name), "old");
  return target;
}

Deno.test("unpackResults() puts files over old ones, and leaves the others", async () => {
  await inFolder(async (folder) => {
    const [archive, target] = [await pack(folder), await makeOld(folder)];
    await unpackResults(archive, target);
    assertEquals((await Deno.readTextFile(join(target, "a"))).length, 40_000);
    assertEquals(await Deno.readTextFile(join(target, "sub", "b")), "new");
    assertEquals(await Deno.readTextFile(join(target, "sub", "c")), "old");
    assertEquals([...Deno.readDirSync(target)].map(({ name }) => name).toSorted(), ["a", "sub"]);
  });
});

Deno.test("unpackResults() leaves all as it was when the archive is not whole", async () => {
  await inFolder(async (folder) => {
    const [archive, target] = [await pack(folder), await makeOld(folder)];
    await Deno.truncate(archive, 20_000);
    await assertRejects(() => unpackResults(archive, target), ProgramError, "unpack the results");
    for (const name of ["a", "sub/b", "sub/c"]) {
      assertEquals(await Deno.readTextFile(join(target, name)), "old");
    }
    assertEquals([...Deno.readDirSync(target)].map(({ name }) => name).toSorted(), ["a", "sub"]);
  });
});
