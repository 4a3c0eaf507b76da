import { assertEquals, assertStringIncludes } from "@std/assert";
import { browserTest, look } from "../page/browser_test_support.ts";
import { mergeResults } from "../results/merge.ts";
import { exampleResults } from "./example_results.ts";
import type { ReportLook } from "./look.ts";
import { reportPage } from "./page.tsx";

const LOOK = new URL("./look.ts", import.meta.url);

browserTest("reportPage() is filtered, read and walked by pointer, finger and key", async () => {
  const page = reportPage(mergeResults(exampleResults(60, 4)));
  const looks = await look<ReportLook>(LOOK, page);
  assertEquals(looks.length, 4);
  const papers = looks.map(({ screen, paper, deviation, ...rest }) => {
    assertEquals(rest, {
      complaints: [],
      overflows: false,
      shown: [
        "61: 61 of 61 clauses",
        "9: 9 of 61 clauses",
        "1: 1 of 61 clauses",
        "13: 13 of 61 clauses",
        "61: 61 of 61 clauses",
      ],
      columns: 3,
      walked: ["F-01 on host ok", "F-02 on host FLAKY", "F-02 on amd 6.1 ok"],
      closed: true,
      linked: "F-02 on host FLAKY",
      uncovered: true,
      printed: [false, false, true],
    }, screen);
    for (
      const part of ["D-99", "The fastpath does not ask.", "KVM_EXIT_X86_RDMSR (29)", "1 x 1 byte"]
    ) {
      assertStringIncludes(deviation, part, screen);
    }
    return paper;
  });
  // Light, dark, light, dark.
  assertEquals(new Set(papers).size, 2);
  assertEquals([papers[0], papers[1]], [papers[2], papers[3]]);
});
