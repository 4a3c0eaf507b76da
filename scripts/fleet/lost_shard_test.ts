import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { catalogueIds } from "../../tests/support/catalogue.ts";
import { facts } from "../../tests/support/facts.ts";
import { register } from "../../tests/support/kvm_testing.ts";
import { denoArguments, offlineSource } from "../launch.ts";
import { ROOT } from "../program.ts";
import type { VerifyRun } from "../results/format.ts";
import { mergeResults } from "../results/merge.ts";
import { readResults } from "../results/read.ts";
import { runScript } from "../run_script.ts";
import { clausesOf } from "./clause_parts.ts";

const SHARDS = 8;
const LOST = 3;
const FILTER = "C-*,U-*,K-*";

/** One shard of `verify` as a process of its own, not by its task: that would outlive its child. */
function start(index: number, folder: string): Deno.ChildProcess {
  const verify = `${ROOT}/scripts/verify.ts`;
  const shard = `${index}/${SHARDS}`;
  const options = ["--filter", FILTER, "--shard", shard, "--json", `${folder}/${index}.json`];
  return new Deno.Command(Deno.execPath(), {
    args: denoArguments(
      ["run", "--quiet", "--no-check", "-A", verify, ...options],
      offlineSource(),
    ),
    stdin: "null",
    stdout: index === LOST ? "piped" : "null",
    stderr: "null",
  }).spawn();
}

/** Kills `child` when it has printed a verdict. */
async function killHalfWay(child: Deno.ChildProcess): Promise<Deno.CommandStatus> {
  let printed = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    printed += text;
    if (/^ {2}\S.* [CUK]-\d+ /m.test(printed)) break;
  }
  child.kill("SIGKILL");
  return await child.status;
}

register(
  "the report on 8 shards, one of them killed half way, names exactly the clauses it lost",
  "ignored",
  // A sandbox has neither the memory nor the processors for eight at once.
  facts().unavailable ?? (Deno.env.has("TRAPLINE_SANDBOX") ? "it is for the host" : undefined),
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const all = catalogueIds().filter((id) => /^[CUK]-/.test(id));
      const indices = Array.from({ length: SHARDS }, (_, i) => i + 1);
      const ended = await Promise.all(indices.map(async (index) => {
        const child = start(index, folder);
        return index === LOST ? await killHalfWay(child) : await child.status;
      }));
      assertEquals(ended[LOST - 1]!.signal, "SIGKILL");
      const sources = await Promise.all(indices.map(async (index) => {
        const path = `${folder}/${index}.json`;
        return { path, runs: await readResults(path) };
      }));
      const [run] = sources[LOST - 1]!.runs as readonly VerifyRun[];
      const decided = new Set(run!.clauses.map(({ id }) => id));
      const lost = clausesOf({ index: LOST, total: SHARDS }, all).filter((id) => !decided.has(id));
      assert(lost.length > 0, "the shard was done before it was killed");
      const { configurations: [configuration], problems } = mergeResults(sources);
      assertEquals(configuration!.selected, all);
      assertEquals(configuration!.missing, lost);
      assert(problems.some((problem) => problem.endsWith(`are missing: ${lost.join(", ")}`)));
      const paths = sources.map(({ path }) => path);
      const report = await runScript("report", ["--output", `${folder}/report.html`, ...paths]);
      assertEquals(report.code, 0, report.stderr);
      assertStringIncludes(report.stdout, `are missing: ${lost.join(", ")}\n`);
      // And without its file at all, as when the machine took it along.
      const left = mergeResults(sources.toSpliced(LOST - 1, 1));
      assertEquals(
        left.configurations[0]!.missing,
        clausesOf({ index: LOST, total: SHARDS }, all),
      );
      assert(left.problems.some((problem) => problem.includes(`shard ${LOST} of ${SHARDS} is`)));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
