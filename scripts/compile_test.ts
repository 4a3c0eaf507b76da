/**
 * The executable itself, made and run; that takes half a minute.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { facts } from "../tests/support/facts.ts";
import { ROOT } from "./program.ts";
import { readResults } from "./results/read.ts";
import { testUnless } from "../tests/support/test_unless.ts";

function whyNot(): string | undefined {
  if (Deno.env.get("TRAPLINE_SANDBOX") !== undefined) return "a sandbox has no GNU tar";
  return Deno.env.get("TRAPLINE_TEST_EXECUTABLE") === undefined
    ? "TRAPLINE_TEST_EXECUTABLE is not set"
    : facts().unavailable;
}

const MISSING = whyNot();

// All that the executable needs of a machine beside /bin/sh.
const TOOLS = ["dirname", "gzip", "id", "ls", "mkdir", "mktemp", "mv", "rm", "tail", "tar"];

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function compileTo(path: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "compile", "-o", path],
    cwd: ROOT,
  }).output();
  assert(success, decode(stderr));
}

/** A folder of links to {@linkcode TOOLS}, so that there is no Deno on PATH. */
async function linkTools(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  for (const tool of TOOLS) {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", `command -v ${tool}`] })
      .output();
    await Deno.symlink(decode(stdout).trim(), `${folder}/${tool}`);
  }
}

function firstTestOfReadme(): string {
  return /```ts ignore\n([\s\S]*?)```/.exec(Deno.readTextFileSync(`${ROOT}/README.md`))![1]!;
}

testUnless(
  MISSING,
  "compile makes an executable that needs no Deno, no network and no home of this user",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "trapline-executable-" });
    try {
      await compileTo(`${folder}/trapline`);
      await linkTools(`${folder}/tools`);
      await Deno.mkdir(`${folder}/empty`);
      const run = async (...args: readonly string[]): Promise<readonly [number, string]> => {
        const { code, stdout, stderr } = await new Deno.Command(`${folder}/trapline`, {
          args: [...args],
          cwd: `${folder}/empty`,
          clearEnv: true,
          env: {
            PATH: `${folder}/tools`,
            HOME: `${folder}/home`,
            DENO_DIR: `${folder}/elsewhere`,
            // A registry that answers nobody: nothing may be fetched.
            NPM_CONFIG_REGISTRY: "http://127.0.0.1:9/",
            NO_COLOR: "1",
          },
        }).output();
        return [code, decode(stdout) + decode(stderr)];
      };

      const [usage, help] = await run("verify", "--help");
      assertEquals(usage, 0);
      assertMatch(help, /^Usage: trapline verify/m);
      const [doctor, report] = await run("doctor");
      assertEquals(doctor, 0, report);
      assertMatch(report, /Guests run under an MSR filter on this host/);
      const [verified, verdicts] = await run("verify", "--filter", "F-0*", "--json", "out.json");
      assertEquals(verified, 0, verdicts);
      const [found] = await readResults(`${folder}/empty/out.json`);
      assert(found !== undefined && "clauses" in found);
      assertEquals(found.clauses.length, 9);
      await Deno.writeTextFile(`${folder}/empty/my_test.ts`, firstTestOfReadme());
      const [tested, summary] = await run("test", "my_test.ts");
      assertEquals(tested, 0, summary);
      assertMatch(summary, /^ok \| 1 passed \| 0 failed/m);
      // vCPUs on threads of their own start from modules in the executable.
      const [raced, races] = await run("verify", "--filter", "F-37");
      assertEquals(raced, 0, races);
      assertEquals([...Deno.readDirSync(`${folder}/home`)].map(({ name }) => name), [".cache"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
