import { assertEquals, assertRejects } from "@std/assert";
import { basename } from "node:path";
import { MissingError } from "./missing.ts";
import { makeRunDirectory, removeLeftovers } from "./run_directory.ts";
import { inFolder } from "./in_folder.ts";

const namesIn = (folder: string): string[] => [...Deno.readDirSync(folder)].map(({ name }) => name);

Deno.test("makeRunDirectory() makes a directory that goes with its owner, unless it is kept", async () => {
  await inFolder(async (folder) => {
    {
      await using run = await makeRunDirectory(false, folder);
      assertEquals(namesIn(folder), [basename(run.path)]);
    }
    assertEquals(namesIn(folder), []);
    {
      await using _run = await makeRunDirectory(true, folder);
    }
    assertEquals(namesIn(folder).length, 1);
  });
});

Deno.test("removeLeftovers() removes what a killed run left, not what lives or was kept", async () => {
  await inFolder(async (folder) => {
    await using living = await makeRunDirectory(false, folder);
    {
      await using _kept = await makeRunDirectory(true, folder);
    }
    const dead = `${folder}/trapline-sandbox-dead`;
    await Deno.mkdir(dead);
    await Deno.writeTextFile(`${dead}/lock`, "");
    await removeLeftovers(folder);
    assertEquals(namesIn(folder).length, 2);
    assertEquals(namesIn(folder).includes(basename(living.path)), true);
    assertEquals(namesIn(folder).includes("trapline-sandbox-dead"), false);
  });
});

Deno.test("makeRunDirectory() makes none where others could replace it", async () => {
  await inFolder(async (folder) => {
    Deno.chmodSync(folder, 0o777);
    await assertRejects(() => makeRunDirectory(false, folder), MissingError, "set TMPDIR");
    assertEquals(namesIn(folder), []);
    Deno.chmodSync(folder, 0o1777);
    await using run = await makeRunDirectory(false, folder);
    assertEquals(namesIn(folder), [basename(run.path)]);
  });
});

Deno.test("removeLeftovers() leaves the directories alone that others are making", async () => {
  await inFolder(async (folder) => {
    let isOver = false;
    const remover = async (): Promise<void> => {
      while (!isOver) await removeLeftovers(folder);
    };
    const removing = [remover(), remover()];
    for (let round = 0; round < 20; round++) {
      const runs = await Promise.all(
        Array.from({ length: 5 }, () => makeRunDirectory(false, folder)),
      );
      for (const { path } of runs) assertEquals(namesIn(path), ["lock"]);
      for (const run of runs) await run[Symbol.asyncDispose]();
    }
    isOver = true;
    await Promise.all(removing);
    assertEquals(namesIn(folder), []);
  });
});
