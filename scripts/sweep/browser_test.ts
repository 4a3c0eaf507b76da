import { assertEquals } from "@std/assert";
import { browserTest, look } from "../page/browser_test_support.ts";
import type { Look } from "../page/looks.ts";
import { compareMaps } from "./compare_maps.ts";
import { comparisonPage } from "./comparison_page.tsx";
import { exampleMap } from "./example_map.ts";
import type { SweepMap } from "./map.ts";
import { mapPage } from "./map_page.tsx";

/** The example, and MSRs of which one's name has another one's index in it. */
function mapToSearch(): SweepMap {
  const { windows, runs, ...rest } = exampleMap();
  const counters = { first: 0xc0, last: 0xcf };
  return {
    ...rest,
    windows: [...windows, counters],
    runs: [{ ...counters, record: { read: "inval", writeZero: "inval" } }, ...runs],
  };
}

const LOOK = new URL("../page/look.ts", import.meta.url);

browserTest("mapPage() shows details by pointer, finger, key and search", async () => {
  const looks = await look<Look>(LOOK, mapPage(mapToSearch()), [".row i.k-read-write"]);
  assertEquals(looks.length, 4);
  const papers = looks.map(({ screen, paper, ...rest }) => {
    assertEquals(rest, {
      complaints: [],
      overflows: false,
      before: "Point at a cell, or tap it.",
      pointed: "IA32_SYSENTER_CS (0x174)",
      next: "IA32_SYSENTER_ESP (0x175)",
      details: [
        ["Read", "done"],
        ["Value", "0x0"],
        ["Write of that value", "done"],
        ["Write of 0", "done"],
      ],
      found: [
        "IA32_SYSENTER_EIP (0x176)",
        // Not IA32_PMC1, whose name has it.
        "IA32_PMC0 (0xc1)",
        "IA32_SYSENTER_CS (0x174)",
        "HV_X64_MSR_GUEST_OS_ID (0x40000000)",
      ],
      strip: "0x1b8",
    }, screen);
    return paper;
  });
  // Light, dark, light, dark.
  assertEquals(new Set(papers).size, 2);
  assertEquals([papers[0], papers[1]], [papers[2], papers[3]]);
});

browserTest("comparisonPage() shows what changed by pointer and finger", async () => {
  const before = exampleMap();
  const runs = before.runs.map((run) =>
    run.first === 0x174 ? { ...run, record: { ...run.record, value: "0x9" } } : run
  );
  const page = comparisonPage(compareMaps(before, { ...before, runs }));
  const looks = await look<Look>(LOOK, page, [".row i.k-value"]);
  for (const { screen, complaints, overflows, pointed, details } of looks) {
    assertEquals([complaints, overflows], [[], false], screen);
    assertEquals(pointed, "IA32_SYSENTER_CS (0x174)", screen);
    assertEquals(details, [
      ["Value", "0x0 \u2192 0x9"],
      ["Read", "done (both)"],
      ["Write of that value", "done (both)"],
      ["Write of 0", "done (both)"],
    ], screen);
  }
});
