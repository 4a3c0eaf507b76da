import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { WriteError } from "../write_error.ts";
import { exampleRun } from "./example_runs.ts";
import type { Run } from "./format.ts";
import { KeptFile, partialOf } from "./kept_file.ts";
import { readResults } from "./read.ts";
import { writeResults } from "./write.ts";

const OLD = [exampleRun("old", { "F-01": "holds" })];
const SOME = [exampleRun("new", {})];
const ALL = [exampleRun("new", { "F-01": "holds" })];

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "trapline-kept-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What is in each file of `folder`, by its name. */
async function contents(folder: string): Promise<Record<string, readonly Run[]>> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
  const read = names.map(async (name) => [name, await readResults(`${folder}/${name}`)] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** What `work` complains of. */
async function complaintsOf(work: () => Promise<void>): Promise<string[]> {
  const said: string[] = [];
  const { error } = console;
  console.error = (text: string) => said.push(text);
  try {
    await work();
  } finally {
    console.error = error;
  }
  return said;
}

Deno.test("partialOf() is beside the file, and of its kind", () => {
  assertEquals(
    ["a.json", "./a/b.c.json", "/a.d/b", ".a"].map(partialOf),
    ["a.partial.json", "./a/b.c.partial.json", "/a.d/b.partial", ".a.partial"],
  );
});

Deno.test("a result file that is new has what was decided so far", async () => {
  await inFolder(async (folder) => {
    const file = new KeptFile(`${folder}/a.json`, 0);
    await file.keep(() => SOME);
    assertEquals(await contents(folder), { "a.json": SOME });
    await file.write(ALL);
    assertEquals(await contents(folder), { "a.json": ALL });
  });
});

Deno.test("a result file that was there stays until the new results are complete", async () => {
  await inFolder(async (folder) => {
    await writeResults(`${folder}/a.json`, OLD);
    const file = new KeptFile(`${folder}/a.json`, 0);
    await file.keep(() => SOME);
    assertEquals(await contents(folder), { "a.json": OLD, "a.partial.json": SOME });
    await file.write(ALL);
    assertEquals(await contents(folder), { "a.json": ALL });
  });
});

Deno.test("results are kept no more often than at their pace, and the newest last", async () => {
  await inFolder(async (folder) => {
    const slow = new KeptFile(`${folder}/slow.json`, 1e9);
    await slow.keep(() => SOME);
    await slow.keep(() => ALL);
    const quick = new KeptFile(`${folder}/quick.json`, 0);
    await Promise.all([quick.keep(() => SOME), quick.keep(() => SOME), quick.keep(() => ALL)]);
    assertEquals(await contents(folder), { "quick.json": ALL, "slow.json": SOME });
  });
});

Deno.test("results that cannot be kept on the way are complained of once, and the run goes on", async () => {
  await inFolder(async (folder) => {
    await writeResults(`${folder}/a.json`, OLD);
    await Deno.mkdir(`${folder}/a.partial.json`);
    const file = new KeptFile(`${folder}/a.json`, 0);
    const said = await complaintsOf(async () => {
      await file.keep(() => SOME);
      await file.keep(() => SOME);
    });
    assertEquals(said.length, 1);
    assertStringIncludes(said[0]!, `Cannot write "${folder}/a.partial.json": there is a folder`);
    assertStringIncludes(said[0]!, ". The run goes on");
    await Deno.remove(`${folder}/a.partial.json`);
    await file.write(ALL);
    assertEquals(await contents(folder), { "a.json": ALL });
  });
});

Deno.test("what was kept stays where the results cannot be written at the end", async () => {
  await inFolder(async (folder) => {
    await writeResults(`${folder}/a.json`, OLD);
    const file = new KeptFile(`${folder}/a.json`, 0);
    await file.keep(() => SOME);
    await Deno.remove(`${folder}/a.json`);
    await Deno.mkdir(`${folder}/a.json`);
    await assertRejects(() => file.write(ALL), WriteError);
    await Deno.remove(`${folder}/a.json`);
    assertEquals(await contents(folder), { "a.partial.json": SOME });
  });
});

Deno.test("a device gets the results once, at the end", async () => {
  await inFolder(async (folder) => {
    await new Deno.Command("mkfifo", { args: [`${folder}/fifo`] }).output();
    const signal = AbortSignal.timeout(20_000);
    const file = new KeptFile(`${folder}/fifo`, 0);
    // Would wait for a reader.
    await file.keep(() => SOME);
    const reader = new Deno.Command("cat", { args: [`${folder}/fifo`], signal }).output();
    await file.write(ALL);
    const { stdout } = await reader;
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)).runs, ALL);
  });
});
