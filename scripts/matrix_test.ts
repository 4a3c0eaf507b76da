import { assert, assertEquals } from "@std/assert";
import { denoArguments, offlineSource } from "./launch.ts";
import { ROOT } from "./program.ts";
import { exampleRun } from "./results/example_runs.ts";
import { readResults } from "./results/read.ts";
import { writeResults } from "./results/write.ts";
import { slowInSandbox, testUnless } from "../tests/support/test_unless.ts";

/** A matrix of three sandboxes that die at once, for there is no place to make them in. */
function startMatrix(json: string): Deno.ChildProcess {
  const args = ["--no-host", "--vendor", "amd", "--kernel", "5.10,6.1,6.12", "--filter", "F-05"];
  const matrix = [`${ROOT}/scripts/matrix.ts`, ...args, "--json", json];
  return new Deno.Command(Deno.execPath(), {
    args: denoArguments(["run", "--quiet", "--no-check", "-A", ...matrix], offlineSource()),
    env: { NO_COLOR: "1", TRAPLINE_CACHE: "/dev/null/cache" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

testUnless(
  slowInSandbox(),
  "matrix has each configuration in its file as it ends, and an old file stays until the end",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "trapline-matrix-" });
    try {
      const json = `${folder}/out.json`;
      const old = [exampleRun("old", { "F-05": "holds" })];
      await writeResults(json, old);
      const killed = startMatrix(json);
      let said = "";
      for await (const text of killed.stderr.pipeThrough(new TextDecoderStream())) {
        said += text;
        if (!said.includes("(1 of 3 done)")) continue;
        killed.kill("SIGKILL");
        break;
      }
      await killed.status;
      assertEquals(await readResults(json), old);
      const kept = await readResults(`${folder}/out.partial.json`);
      assertEquals(kept.map(({ configuration }) => configuration), [
        "amd 5.10",
        "amd 6.1",
        "amd 6.12",
      ]);
      assert(kept.some(({ kind }) => kind === "died"), said);

      const whole = startMatrix(json);
      const [{ code }] = await Promise.all([whole.status, whole.stderr.cancel()]);
      assertEquals(code, 1);
      const runs = await readResults(json);
      assertEquals(runs.map(({ kind }) => kind), ["died", "died", "died"]);
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["out.json"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
