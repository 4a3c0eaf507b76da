import { assertEquals } from "@std/assert";
import { browserTest, look } from "../page/browser_test_support.ts";
import type { Look } from "../page/looks.ts";
import { compareMaps } from "./compare_maps.ts";
import { comparisonPage } from "./comparison_page.tsx";
import { exampleMap } from "./example_map.ts";
import { mapPage } from "./map_page.tsx";

const LOOK = new URL("../page/look.ts", import.meta.url);

browserTest("mapPage() shows details by pointer, finger, key and search", async () => {
  const looks = await look<Look>(LOOK, mapPage(exampleMap()), [".row i.k-read-write"]);
  assertEquals(looks.length, 4);
  const papers = looks.map(({ screen, paper, ...rest }) => {
    assertEquals(rest, {
      complaints: [],
      overflows: false,
      before: "Point at a cell, or tap it.",
      pointed: "IA32_SYSENTER_CS (0x174)",
      next: "IA32_SYSENTER_ESP (0x175)",
      found: "IA32_SYSENTER_EIP (0x176)",
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
  for (const { screen, complaints, overflows, pointed } of looks) {
    assertEquals([complaints, overflows], [[], false], screen);
    assertEquals(pointed, "IA32_SYSENTER_CS (0x174)", screen);
  }
});
