import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { type Inward, makeExchange, quoteForShell, readOutward } from "./exchange.ts";
import { E2FSPROGS } from "./packages.ts";
import { findProgram } from "./program.ts";
import { testUnless } from "../../tests/support/test_unless.ts";
import { inFolder } from "./in_folder.ts";

const WITHOUT_E2FSPROGS = E2FSPROGS.programs.some((name) => findProgram(name) === undefined)
  ? "the machine has no e2fsprogs"
  : undefined;
const TOOLS = { root: "/", program: (name: string) => findProgram(name)!, env: {} };

async function run(program: string, ...args: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const { stdout, success } = await new Deno.Command(program, { args: [...args] }).output();
  assertEquals(success, true);
  return stdout;
}

async function makeProject(folder: string): Promise<Inward> {
  const project = join(folder, "project");
  await Deno.mkdir(join(project, ".git"), { recursive: true });
  await Deno.writeTextFile(join(project, ".git", "config"), "");
  await Deno.writeTextFile(join(project, ".gitignore"), "");
  await Deno.writeTextFile(join(project, "a [b]*"), "text");
  return { paths: [project], without: [join(project, ".git")], own: { command: "exec true" } };
}

Deno.test("quoteForShell() gives a shell back what it was given", async () => {
  for (const text of ["", "plain", "it's", '$HOME `x` \\ "y"', "a\nb"]) {
    const printed = await run("sh", "-c", `printf %s ${quoteForShell(text)}`);
    assertEquals(new TextDecoder().decode(printed), text);
  }
});

/** What debugfs says of `path` in an image. */
async function look(image: string, request: string): Promise<string> {
  return new TextDecoder().decode(await run(TOOLS.program("debugfs"), "-R", request, image));
}

testUnless(
  WITHOUT_E2FSPROGS,
  "makeExchange() puts the files at their own paths, without what stays out",
  async () => {
    await inFolder(async (folder) => {
      const inward = await makeProject(folder);
      const image = await makeExchange(folder, inward, TOOLS);
      const [project] = inward.paths;
      const names = (await look(image, `ls -p ${project}`)).split("\n").map((line) =>
        line.split("/")[5]
      );
      assertEquals(names.filter((name) => name !== undefined).sort(), [
        ".",
        "..",
        ".gitignore",
        "a [b]*",
      ]);
      assertEquals(await look(image, "cat /trapline/command"), "exec true");
    });
  },
);

testUnless(
  WITHOUT_E2FSPROGS,
  "makeExchange() refuses more than it was told to take",
  async () => {
    await inFolder(async (folder) => {
      const inward = await makeProject(folder);
      await Deno.writeFile(join(inward.paths[0]!, "big"), new Uint8Array(2 << 20));
      await assertRejects(
        () => makeExchange(folder, inward, TOOLS, undefined, 1 << 20),
        RangeError,
        "it has more than 1 MiB",
      );
    });
  },
);

testUnless(
  WITHOUT_E2FSPROGS,
  "readOutward() gives nothing before the guest wrote a status, then all that it left",
  async () => {
    await inFolder(async (folder) => {
      const back = await Deno.makeTempDir({ dir: folder });
      const image = await makeExchange(folder, await makeProject(folder), TOOLS);
      assertEquals(await readOutward(image, TOOLS, folder, back), undefined);

      await Deno.writeTextFile(join(folder, "out.json"), "{}");
      await Deno.writeTextFile(join(folder, "as-the-guest"), "3 1\n");
      const archive = join(folder, "as-the-guest.tar");
      await run("tar", "--create", `--file=${archive}`, `--directory=${folder}`, "out.json");
      for (const [from, to] of [[archive, "results.tar"], [`${folder}/as-the-guest`, "status"]]) {
        await run(TOOLS.program("debugfs"), "-w", "-R", `write ${from} /trapline/${to}`, image);
      }
      assertEquals(await readOutward(image, TOOLS, folder, back), { status: 3, results: 1 });
      assertEquals(await Deno.readTextFile(join(back, "out.json")), "{}");
    });
  },
);
