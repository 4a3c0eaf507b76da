import { assertEquals } from "@std/assert";
import { exampleRun } from "../results/example_runs.ts";
import { mergeResults } from "../results/merge.ts";
import { cellData, clausesOf } from "./cell_data.ts";

Deno.test("cellData() has every cell, and writes once what is said more than once", () => {
  const one = exampleRun("host", { "F-01": ["holds", "deviates"], "F-02": "undecided" });
  const two = exampleRun("amd 7", { "F-02": "undecided" });
  const merged = mergeResults([{ path: "a.json", runs: [one, two] }]);
  const clauses = clausesOf(merged);
  const { cells, evidence, texts, configurations } = cellData(merged, clauses);
  assertEquals(clauses.map(({ id }) => id), ["F-01", "F-02"]);
  assertEquals(configurations.map(({ name }) => name), ["host", "amd 7"]);
  assertEquals(evidence.map(({ verdict }) => verdict), ["holds", "deviates", "undecided"]);
  assertEquals(new Set(texts).size, texts.length);
  const [[first, none] = [], [undecided, again] = []] = cells;
  assertEquals(none, []);
  const [path, made, repeat, ...pairs] = first![0]!;
  assertEquals(
    [texts[path!], texts[made!], texts[repeat!]],
    ["a.json", one.made, one.clauses[0]!.repeat],
  );
  assertEquals(pairs, [0, 1500, 1, 1500]);
  assertEquals(evidence[1]!.failure!.wanted, "KVM_EXIT_X86_RDMSR (29)");
  assertEquals(evidence[1]!.guest!.map((number) => texts[number]).length, 2);
  assertEquals(undecided![0]!.slice(3), again![0]!.slice(3));
});

Deno.test("clausesOf() has a clause too that was selected and never decided", () => {
  const run = { ...exampleRun("host", { "K-01": "holds" }), selected: ["K-01", "F-09"] };
  const clauses = clausesOf(mergeResults([{ path: "a.json", runs: [run] }]));
  assertEquals(clauses.map(({ id, sentence }) => [id, sentence]), [
    ["F-09", ""],
    ["K-01", "sentence of K-01"],
  ]);
});
