import { assertEquals, assertStringIncludes } from "@std/assert";
import { exampleClause } from "../results/example_runs.ts";
import { paintFor } from "../terminal.ts";
import { executionsText, Report, resultLines, summaryText } from "./report.ts";

Deno.test("executionsText() says how many had two, or why none", () => {
  const both = [exampleClause("X-01", "holds", "error"), exampleClause("X-02", "undecided")];
  assertEquals(
    executionsText(both, undefined),
    "1 of 2 executed natively and by forced emulation, the others natively alone",
  );
  assertEquals(
    executionsText(both.slice(0, 1), undefined),
    "1 of 1 executed natively and by forced emulation",
  );
  assertEquals(executionsText(both, "it is off"), "Executed natively alone: it is off");
});

Deno.test("Report groups by chapter and says the reason below the verdict", () => {
  const paint = paintFor({ isTerminal: false });
  const lines: string[] = [];
  const report = new Report(paint, (text) => lines.push(text));
  report.add(exampleClause("F-01", "holds"));
  report.add(exampleClause("X-06", "undecided"));
  const text = lines.join("\n");
  assertEquals(text.split("\n"), [
    "F  api.rst 4.97 KVM_X86_SET_MSR_FILTER",
    "  holds            F-01  sentence of F-01",
    "",
    "X  behaviour of the kernel's code, not documented",
    "  undecided        X-06  sentence of X-06",
    "      the CPU has no RDPID",
  ]);
});

Deno.test("summaryText() names each verdict that occurred", () => {
  assertEquals(
    summaryText([exampleClause("F-01", "holds"), exampleClause("X-06", "undecided")], 1.25),
    "2 clauses: 1 holds, 1 undecided (1.3 s)",
  );
});

Deno.test("resultLines() shows a failure's last guest, and last the command that repeats it", () => {
  const paint = paintFor({ isTerminal: false });
  const clause = exampleClause("X-06", "deviates");
  const lines = resultLines(clause, paint).split("\n");
  assertEquals(lines.at(-1), "      To repeat: deno task verify --filter X-06");
  // This failure shows the guest itself.
  assertEquals(lines.includes("      The last guest:"), false);
  const executions = [{ ...clause.executions[0]!, failure: "the values differ" }];
  const more = resultLines({ ...clause, executions }, paint);
  assertStringIncludes(more, "      The last guest:\n              0000c000  b9 74 01 00 00 ");
});
