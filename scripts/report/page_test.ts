import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exampleRun, exampleSearch } from "../results/example_runs.ts";
import type { Run } from "../results/format.ts";
import { mergeResults } from "../results/merge.ts";
import { exampleResults } from "./example_results.ts";
import { reportPage } from "./page.tsx";

function pageOf(...runs: readonly Run[]): string {
  return reportPage(mergeResults([{ path: "a.json", runs }]));
}

Deno.test("reportPage() has every clause, configuration and kind, and loads nothing", () => {
  const page = reportPage(mergeResults(exampleResults(177, 6)));
  assertEquals(page.match(/data-kinds="/g)!.length, 178);
  for (const text of ["amd 6.5", "D-99", "FLAKY", "Kernel panic", "WRMSR 0x6e0", "no RDPID"]) {
    assertStringIncludes(page, text);
  }
  assertEquals(/\b(?:src|href)="(?!data:|#)/.test(page), false);
});

Deno.test("reportPage() takes no text of a result for markup", () => {
  const run = exampleRun("<b>host", { "F-01": "deviates" });
  const [clause] = run.clauses;
  const failure = "</script><img src=x onerror=alert(1)>";
  const executions = [{ ...clause!.executions[0]!, failure }];
  const page = pageOf({ ...run, clauses: [{ ...clause!, executions }] });
  assert(!page.includes("<img") && !page.includes("<b>host"));
  assertEquals(page.match(/<\/script>/g)!.length, 2);
});

Deno.test("reportPage() is a page too without clauses, and without anything", () => {
  const search = pageOf(exampleSearch("host"));
  assertStringIncludes(search, "1 disagreement found by search");
  assert(!search.includes("<table role"));
  assertStringIncludes(pageOf(), "No clause was decided.");
});

Deno.test("reportPage() tells by colour whether all is well, nothing is known, or somebody must look", () => {
  const of = (...runs: readonly Run[]): string | undefined =>
    /<p class="headline (\w+)">/.exec(pageOf(...runs))?.[1];
  assertEquals(of(exampleRun("host", { "F-01": "holds", "F-02": "undecided" })), "calm");
  assertEquals(of(exampleRun("host", { "F-01": "undecided" })), "open");
  assertEquals(of(), "open");
  assertEquals(of(exampleRun("host", { "F-01": "deviates" })), "alarm");
});

Deno.test("reportPage() says beside the headline, not in it, how much nobody asked for", () => {
  const page = pageOf(exampleRun("host", { "F-01": "deviates" }), exampleRun("amd", {}));
  const [, headline, size] = /class="headline alarm">(.*?)<\/p><p class="faint">(.*?)<\/p>/.exec(
    page,
  )!;
  assertEquals(headline, "To be looked at: 1 unexpected deviation.");
  assertEquals(size, "1 clause on 2 configurations. 1 result was not asked for.");
});

Deno.test("reportPage() lists clauses and configurations in the order of the matrix", () => {
  const page = pageOf(
    exampleRun("host", { "X-100": "known-deviation", "X-02": "undecided", "X-10": "undecided" }),
    exampleRun("amd 7", { "X-20": "known-deviation", "X-02": "holds", "X-10": "undecided" }),
    exampleRun("amd 6", { "X-20": "known-deviation", "X-02": "undecided" }),
  );
  assertStringIncludes(page, "native: host, amd 7, amd 6");
  assertStringIncludes(page, "<td>X-02, X-10</td><td>host, amd 7, amd 6</td>");
});
