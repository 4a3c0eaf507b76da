import { assertEquals } from "@std/assert";
import { exampleRun, exampleSearch } from "./example_runs.ts";
import type { DiedRun, Run, Shard, VerifyRun } from "./format.ts";
import { type Merged, mergeResults } from "./merge.ts";

function merge(...files: readonly (readonly Run[])[]): Merged {
  return mergeResults(files.map((runs, i) => ({ path: `${"abc"[i]}.json`, runs })));
}

/** Every cell's verdict by configuration and clause. */
function verdicts({ configurations }: Merged): unknown {
  return Object.fromEntries(configurations.map(({ name, cells }) => [
    name,
    Object.fromEntries([...cells].map(([id, { verdict }]) => [id, verdict])),
  ]));
}

function died(configuration: string, more: Partial<DiedRun> = {}): DiedRun {
  const made = "2026-01-31T10:00:00.000Z";
  return { kind: "died", configuration, made, failure: "Kernel panic\nmore", ...more };
}

/** `run` as a part of one that selected `selected`. */
function part(run: VerifyRun, selected: readonly string[], index: number, total = 2): VerifyRun {
  const shard: Shard = { index, total, selected: run.selected };
  return { ...run, selected, shard };
}

const LATER = { made: "2026-02-01T10:00:00.000Z" };

Deno.test("mergeResults() has a configuration for each machine, and its searches", () => {
  const merged = merge(
    [exampleRun("host", { "F-01": "holds" }), exampleSearch("host")],
    [exampleRun("amd 6.12", { "F-01": "undecided", "F-02": "deviates" })],
  );
  assertEquals(verdicts(merged), {
    "host": { "F-01": "holds" },
    "amd 6.12": { "F-01": "undecided", "F-02": "deviates" },
  });
  assertEquals(merged.searches.map(({ configuration }) => configuration), ["host"]);
  assertEquals(merged.problems, []);
});

Deno.test("mergeResults() calls a clause flaky that came to two verdicts, and keeps both", () => {
  const first = exampleRun("host", { "F-01": "holds", "F-02": "holds", "F-03": "holds" });
  const again = exampleRun("host", { "F-01": "deviates", "F-02": "holds" });
  // The later run is in the first file.
  const merged = merge([{ ...again, ...LATER }], [first]);
  assertEquals(verdicts(merged), { host: { "F-01": "flaky", "F-02": "holds", "F-03": "holds" } });
  assertEquals(
    merged.configurations[0]!.cells.get("F-01")!.findings
      .map(({ path, record }) => [path, record.verdict]),
    [["b.json", "holds"], ["a.json", "deviates"]],
  );
  assertEquals(merged.problems, ["host: F-01 came to different verdicts in different runs"]);
});

Deno.test("mergeResults() calls nothing flaky that two versions of Trapline decided, and says so", () => {
  const old = { ...exampleRun("host", { "F-01": "deviates", "F-02": "holds" }), trapline: "0.1.0" };
  const run = exampleRun("host", { "F-01": "holds", "F-02": "holds" });
  const now = { ...run, ...LATER, trapline: "0.2.0" };
  const merged = merge([now], [old]);
  assertEquals(verdicts(merged), { host: { "F-01": "holds", "F-02": "holds" } });
  assertEquals(merged.problems, [
    "host: F-01 came to different verdicts by Trapline 0.1.0 and 0.2.0; the run of the last counts",
  ]);
  assertEquals(merged.configurations[0]!.cells.get("F-01")!.findings.length, 2);
  const again = { ...old, made: "2026-03-01T10:00:00.000Z", trapline: "0.2.0" };
  assertEquals(verdicts(merge([old, now, again])), { host: { "F-01": "flaky", "F-02": "holds" } });
  assertEquals(merge([{ ...now, made: old.made }], [run]).problems, []);
});

Deno.test("mergeResults() compares executions with their like alone", () => {
  const both = exampleRun("host", { "F-01": ["holds", "deviates"] });
  const native = exampleRun("host", { "F-01": "holds" });
  assertEquals(verdicts(merge([both], [{ ...native, ...LATER }])), {
    host: { "F-01": "deviates" },
  });
  const other = exampleRun("host", { "F-01": ["holds", "holds"] });
  assertEquals(verdicts(merge([both], [other])), { host: { "F-01": "flaky" } });
});

Deno.test("mergeResults() counts a run once that is in two files, and says so", () => {
  const run = exampleRun("host", { "F-01": "holds" });
  const merged = merge([run], [run]);
  assertEquals(merged.configurations[0]!.runs, 1);
  assertEquals(merged.problems, [
    'The verify run of host at 2026-01-31T10:00:00.000Z is in "a.json" and again in "b.json"; ' +
    "it counts once",
  ]);
});

Deno.test("mergeResults() takes the order of parameters for no difference, and a value for one", () => {
  const run = exampleRun("host", { "F-01": "holds" });
  const withKvm = (kvm: Readonly<Record<string, string>>): VerifyRun => ({
    ...run,
    host: { ...run.host, modules: { kvm } },
  });
  const one = withKvm({ a: "1", b: "2" });
  assertEquals(merge([one], [withKvm({ b: "2", a: "1" })]).configurations.length, 1);
  assertEquals(
    merge([one], [withKvm({ a: "1", b: "3" })]).configurations.map(({ name }) => name),
    ["host (kvm.b=2)", "host (kvm.b=3)"],
  );
});

Deno.test("mergeResults() tells hosts of one name apart by what differs", () => {
  const run = exampleRun("host", { "F-01": "holds" });
  const on = (host: Partial<VerifyRun["host"]>): VerifyRun => ({
    ...run,
    host: { ...run.host, ...host },
  });
  const names = (...runs: readonly VerifyRun[]): string[] =>
    merge(runs).configurations.map(({ name }) => name);
  assertEquals(names(on({ kernel: "6.1" }), on({ kernel: "7.0" })), ["host (6.1)", "host (7.0)"]);
  assertEquals(
    names(on({ kernel: "6.1" }), on({ kernel: "6.1", cpu: "Intel" }), on({ kernel: "7.0" })),
    ["host (6.1, AuthenticAMD EPYC)", "host (6.1, Intel)", "host (7.0, AuthenticAMD EPYC)"],
  );
});

Deno.test("mergeResults() has what a run decided before it died, and names the rest", () => {
  const run = { ...exampleRun("amd 7", { "F-01": "holds" }), selected: ["F-01", "F-02", "F-03"] };
  const shard: Shard = { index: 1, total: 2, selected: ["F-01", "F-02"] };
  const other = part({ ...exampleRun("amd 7", { "F-03": "holds" }), ...LATER }, run.selected, 2);
  const merged = merge(
    [{ ...run, shard }, died("amd 7", { selected: run.selected, shard })],
    [other],
  );
  assertEquals(verdicts(merged), { "amd 7": { "F-01": "holds", "F-03": "holds" } });
  assertEquals(merged.problems, [
    "amd 7: a run died: Kernel panic",
    "amd 7: 1 of 3 clauses are missing: F-02",
  ]);
});

Deno.test("mergeResults() names what died and what was selected and not decided", () => {
  const run = exampleRun("amd 7", { "F-01": "holds" });
  const merged = merge(
    [{ ...run, selected: ["F-03", "F-01", "F-02"] }, died("amd 7")],
    [died("intel 7", { selected: ["K-01"] })],
  );
  assertEquals(merged.problems, [
    "amd 7: a run died: Kernel panic",
    "amd 7: 2 of 3 clauses are missing: F-02, F-03",
    "intel 7: a run died: Kernel panic",
    "intel 7: 1 of 1 clauses are missing: K-01",
  ]);
  assertEquals(merged.configurations.map(({ host }) => host?.cpu), [run.host.cpu, undefined]);
});

Deno.test("mergeResults() makes a whole of its shards, and names the one that is missing", () => {
  const all = ["F-01", "F-02", "F-03"];
  const one = part(exampleRun("host", { "F-01": "holds", "F-02": "holds" }), all, 1);
  const two = part(exampleRun("host", { "F-03": "undecided" }), all, 2);
  const whole = merge([one], [two]);
  assertEquals(whole.problems, []);
  assertEquals(verdicts(whole), {
    host: { "F-01": "holds", "F-02": "holds", "F-03": "undecided" },
  });
  assertEquals(merge([one]).problems, [
    "host: shard 2 of 2 is missing",
    "host: 1 of 3 clauses are missing: F-03",
  ]);
});

Deno.test("mergeResults() names the clauses of a configuration that is planned and all lost", () => {
  const made = "2026-01-31T10:00:00.000Z";
  const plan = (configuration: string): Run => (
    { kind: "planned", configuration, made, selected: ["F-01", "F-02"] }
  );
  const run = exampleRun("amd 7", { "F-01": "holds", "F-02": "holds" });
  assertEquals(merge([run, plan("intel 7")], [plan("amd 7"), plan("intel 7")]).problems, [
    "intel 7: 2 of 2 clauses are missing: F-01, F-02",
  ]);
});

Deno.test("mergeResults() names the part of a divided search that is missing", () => {
  const search = exampleSearch("host");
  const shard = (index: number): Run => ({ ...search, shard: { index, total: 3 } });
  assertEquals(merge([shard(1)], [shard(3), search]).problems, [
    "host: part 2 of 3 of the search of seed 7 is missing",
  ]);
  assertEquals(merge([shard(1), shard(2)], [shard(3)]).problems, []);
});

Deno.test("mergeResults() names shards that do not fit together", () => {
  const all = ["F-01", "F-02", "F-03"];
  const one = part(exampleRun("host", { "F-01": "holds" }), all, 1);
  const two = part(exampleRun("host", { "F-03": "holds" }), all, 2);
  assertEquals(merge([one], [two]).problems, [
    "host: no shard was given F-02",
    "host: 1 of 3 clauses are missing: F-02",
  ]);
  const otherOne = part(exampleRun("host", { "F-01": "holds", "F-02": "holds" }), all, 1);
  assertEquals(merge([one, two], [otherOne]).problems, [
    "host: shard 1 of 2 was given different clauses",
  ]);
  const third = part(exampleRun("host", { "F-02": "holds" }), all, 3, 3);
  assertEquals(merge([one, two], [third]).problems, [
    "host: the shards are of 2 runs with different clauses or totals",
    "host: no shard was given F-02",
    "host: shard 1 of 3 is missing",
    "host: shard 2 of 3 is missing",
  ]);
});

Deno.test("mergeResults() tells when files are of different versions of the clauses", () => {
  const run = exampleRun("host", { "F-01": "holds" });
  const clauses = [{ ...run.clauses[0]!, sentence: "another" }];
  assertEquals(merge([run], [{ ...run, ...LATER, clauses }]).problems, [
    'F-01 promises one thing in "a.json" and another in "b.json": the files are of different ' +
    "versions of the clauses",
  ]);
});
