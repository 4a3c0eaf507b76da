import { assertEquals, assertStringIncludes } from "@std/assert";
import { browserTest, look } from "../page/browser_test_support.ts";
import { mergeResults } from "../results/merge.ts";
import { readResults } from "../results/read.ts";
import { exampleResults } from "./example_results.ts";
import type { ReportLook } from "./look.ts";
import type { RealLook } from "./look_real.ts";
import { reportPage } from "./page.tsx";

const LOOK = new URL("./look.ts", import.meta.url);
const LOOK_REAL = new URL("./look_real.ts", import.meta.url);
// Made as CONTRIBUTING.md says.
const REAL = new URL("./real_results.json", import.meta.url).pathname;

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
      refound: ["F-03 on host ok", "No clause matches."],
      walked: ["F-03 on host ok", "F-04 on host ok", "F-04 on amd 6.1 ok"],
      closed: true,
      linked: "F-02 on host FLAKY",
      uncovered: true,
      printed: [false, false, true],
      filtered: ['1 of 61 clauses, filtered by the search for "of f-03"', "nothing"],
      points: 8,
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

browserTest(
  "reportPage() shows what a real matrix came to, on a desk and on a phone on its side",
  async () => {
    const merged = mergeResults([{ path: "real.json", runs: await readResults(REAL) }]);
    assertEquals(merged.problems, []);
    const looks = await look<RealLook>(LOOK_REAL, reportPage(merged));
    assertEquals(looks.map(({ screen }) => screen), ["desk", "phone on its side"]);
    for (const { screen, complaints, shown, holds, deviation, uncovered } of looks) {
      assertEquals([complaints, new Set(uncovered)], [[], new Set([true])], screen);
      assertEquals(shown, ["7: 7 of 7 clauses", "2: 2 of 7 clauses", "1: 1 of 7 clauses"], screen);
      for (
        const part of [
          "U-09 on amd 6.12",
          "deno task verify --config amd:6.12 --filter U-09",
          "KVM_EXIT_X86_RDMSR (29) IA32_SYSENTER_CS (0x174) reason filter",
          "rdmsr",
        ]
      ) {
        assertStringIncludes(holds, part, screen);
      }
      // What a guest said that came to its end where an exit was wanted.
      for (
        const part of [
          "D-06",
          "Wanted\nKVM_EXIT_X86_RDMSR (29)\nGot\nKVM_EXIT_IO (2) out port 0xe0 1 x 1 byte data 00\n",
          "Guest (long mode) came to its end\n",
          "0f 32           rdmsr\n",
          "The last guest's exits, and the answers\n",
        ]
      ) {
        assertStringIncludes(deviation, part, screen);
      }
    }
  },
);
