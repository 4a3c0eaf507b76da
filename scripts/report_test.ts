import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exampleRun } from "./results/example_runs.ts";
import { VERSION } from "./results/format.ts";
import { writeResults } from "./results/write.ts";

const SCRIPT = new URL("report.ts", import.meta.url).pathname;
const IMPORTS = new URL("../tests/support/offline_import_map.json", import.meta.url).pathname;

/** Runs the report on files in `folder`; gives the status and everything it said. */
async function report(
  folder: string,
  ...args: readonly string[]
): Promise<readonly [number, string]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--allow-read", "--allow-write", "--allow-env"],
      ...[`--import-map=${IMPORTS}`, SCRIPT, ...args],
    ],
    cwd: folder,
  }).output();
  return [code, [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("")];
}

Deno.test("report writes one page from many files, and nothing when one of them is damaged", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeResults(`${folder}/a.json`, [exampleRun("host", { "F-01": "holds" })]);
    await writeResults(`${folder}/b.json`, [exampleRun("amd 7", { "F-01": "undecided" })]);
    const [status, said] = await report(folder, "a.json", "b.json", "-o", "page.html");
    assertStringIncludes(said, "1 clause on 2 configurations. Every promise");
    assertEquals(status, 0);
    const page = await Deno.readTextFile(`${folder}/page.html`);
    assert(page.includes("amd 7") && page.includes("sentence of F-01"));

    await Deno.writeTextFile(`${folder}/b.json`, '{ "version": 1 }');
    assertEquals(await report(folder, "a.json", "b.json", "-o", "page.html"), [
      1,
      'Cannot read the results in "b.json": it is of version 1, and version 2 is wanted; run its ' +
      "program again\n",
    ]);
    assertEquals(await Deno.readTextFile(`${folder}/page.html`), page);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("report refuses to write over a result file, and a command line without one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeResults(`${folder}/a.json`, [exampleRun("host", { "F-01": "holds" })]);
    const before = await Deno.readTextFile(`${folder}/a.json`);
    const [status, said] = await report(folder, "a.json", "-o", "./a.json");
    assertStringIncludes(said, 'Cannot write "./a.json": it is one of the result files');
    assertEquals(status, 2);
    assertEquals(await Deno.readTextFile(`${folder}/a.json`), before);
    assertEquals((await report(folder))[0], 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("report --schema prints the schema that files are held against", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [status, said] = await report(folder, "--schema");
    assertEquals([status, JSON.parse(said).$id], [0, `urn:trapline:results:${VERSION}`]);
    assertEquals((await report(folder, "--schema", "a.json"))[0], 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
