import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { exampleRun, exampleSearch } from "./example_runs.ts";
import type { DiedRun, Run, VerifyRun } from "./format.ts";
import { ResultsFileError } from "./file_error.ts";
import { parseResults, readResults } from "./read.ts";
import { VERDICTS } from "./verdicts.ts";
import { resultsText, writeResults } from "./write.ts";

const VERIFIED = exampleRun("amd 6.12", {
  ...Object.fromEntries(VERDICTS.map((verdict, i) => [`X-0${i}`, verdict])),
  "X-10": ["holds", "known-deviation"],
});
const DIED: DiedRun = {
  kind: "died",
  configuration: "intel 7",
  made: VERIFIED.made,
  failure: "Kernel panic",
};
const RUNS: readonly Run[] = [VERIFIED, DIED, exampleSearch("host")];

/** What is said of a file whose first run is `VERIFIED` with `changes`. */
function refusal(changes: Readonly<Record<string, unknown>>): string {
  const text = resultsText([{ ...VERIFIED, ...changes } as VerifyRun]);
  return assertThrows(() => parseResults(text, "a.json"), ResultsFileError).message;
}

/** `VERIFIED`'s clauses, the one at `index` with `changes`. */
function clauses(index: number, changes: Readonly<Record<string, unknown>>): unknown {
  return VERIFIED.clauses.map((clause, i) => i === index ? { ...clause, ...changes } : clause);
}

Deno.test("parseResults() gives what resultsText() was given, of every verdict and kind", () => {
  assertEquals(parseResults(resultsText(RUNS), "a.json"), RUNS);
  const shard = { index: 2, total: 3, selected: VERIFIED.selected };
  const part = { ...VERIFIED, selected: ["F-01", ...VERIFIED.selected], shard };
  assertEquals(parseResults(resultsText([part]), "a.json"), [part]);
});

Deno.test("parseResults() refuses another version by its number, and what is no result file", () => {
  const refused = (text: string): string =>
    assertThrows(() => parseResults(text, "a.json"), ResultsFileError).message;
  assertEquals(
    refused('{ "version": 1, "host": {}, "clauses": [] }'),
    'Cannot read the results in "a.json": it is of version 1, and version 2 is wanted; ' +
      "run its program again",
  );
  assertEquals(
    refused(resultsText([]).replace("2", "3")),
    'Cannot read the results in "a.json": it is of version 3, and version 2 is wanted; ' +
      "update Trapline",
  );
  assertStringIncludes(refused("[]"), "the whole file must be object");
  assertStringIncludes(refused("null"), "the whole file must be object");
  assertStringIncludes(refused(resultsText(RUNS).slice(0, 100)), "it is not JSON: ");
});

Deno.test("parseResults() gives the version of Trapline, and does without", () => {
  const run = { ...VERIFIED, trapline: "0.1.0" };
  assertEquals(parseResults(resultsText([run, VERIFIED]), "a.json"), [run, VERIFIED]);
  assertStringIncludes(refusal({ trapline: 1 }), "/runs/0/trapline must be string");
});

Deno.test("parseResults() names the place of what is damaged", () => {
  const [place] = ["/runs/0"];
  assertStringIncludes(refusal({ kind: "sweep" }), `${place}/kind must be equal to one of`);
  assertStringIncludes(refusal({ host: undefined }), `${place} must have required property 'host'`);
  assertStringIncludes(
    refusal({ more: 1 }),
    `${place} must NOT have additional properties: "more"`,
  );
  assertStringIncludes(
    refusal({ clauses: clauses(3, { verdict: "fine" }) }),
    `${place}/clauses/3/verdict must be equal to one of the allowed values: holds, known`,
  );
  assertStringIncludes(
    refusal({ clauses: clauses(1, { executions: [] }) }),
    `${place}/clauses/1/executions must NOT have fewer than 1`,
  );
  const [execution] = VERIFIED.clauses[5]!.executions;
  assertStringIncludes(
    refusal({ clauses: clauses(5, { executions: [{ ...execution, reason: undefined }] }) }),
    `${place}/clauses/5/executions/0 must have required property 'reason'`,
  );
});

Deno.test("parseResults() refuses a run that contradicts itself", () => {
  assertStringIncludes(
    refusal({ clauses: clauses(0, { verdict: "deviates" }) }),
    '/runs/0/clauses/0/verdict is "deviates", and its executions say holds',
  );
  assertStringIncludes(
    refusal({ counts: { ...VERIFIED.counts, holds: 9 } }),
    "/runs/0/counts/holds is not 1, as its clauses say",
  );
  assertStringIncludes(
    refusal({ clauses: clauses(1, { id: "X-00" }) }),
    "/runs/0/clauses/1/id is X-00, which was there before",
  );
  assertStringIncludes(
    refusal({ selected: VERIFIED.selected.slice(1) }),
    "/runs/0/clauses/0/id is X-00, which was not selected",
  );
  const shard = { index: 4, total: 3, selected: ["F-01"] };
  assertStringIncludes(refusal({ shard }), "/runs/0/shard/index is 4 of 3");
  assertStringIncludes(
    refusal({ shard: { ...shard, index: 1 } }),
    "/runs/0/shard/selected/0 is F-01",
  );
});

Deno.test("readResults() reads what writeResults() wrote, and names a file that is not there", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeResults(`${folder}/a.json`, RUNS);
    assertEquals(await readResults(`${folder}/a.json`), RUNS);
    await assertRejects(() => readResults(`${folder}/b.json`), ResultsFileError, "b.json");
    await assertRejects(() => readResults(folder), ResultsFileError, folder);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.json"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
