import { assertEquals } from "@std/assert";
import { findChromium } from "../page/chromium.ts";
import type { Look } from "../page/looks.ts";
import { compareMaps } from "./compare.ts";
import { comparisonPage } from "./comparison_page.tsx";
import { exampleMap } from "./example_map.ts";
import { mapPage } from "./map_page.tsx";

const LOOK = new URL("../page/look.ts", import.meta.url).pathname;
const CHROMIUM = findChromium();
const IMPORTS = new URL("../../tests/support/offline_import_map.json", import.meta.url).pathname;

/** Shows `page` to Chromium, and points at the cell that `selector` finds. */
async function look(page: string, selector: string): Promise<Look[]> {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/page.html`;
    await Deno.writeTextFile(file, page);
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--allow-all",
        `--import-map=${IMPORTS}`,
        LOOK,
        CHROMIUM!,
        file,
        selector,
      ],
    }).output();
    if (!success) throw new Error(`Cannot look: ${new TextDecoder().decode(stderr)}`);
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function browserTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: CHROMIUM === undefined ? `${name} [ignored: there is no Chromium]` : name,
    ignore: CHROMIUM === undefined,
    fn,
  });
}

browserTest("mapPage() shows details by pointer, finger, key and search", async () => {
  const looks = await look(mapPage(exampleMap()), ".row i.k-read-write");
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
  for (const { screen, complaints, overflows, pointed } of await look(page, ".row i.k-value")) {
    assertEquals([complaints, overflows], [[], false], screen);
    assertEquals(pointed, "IA32_SYSENTER_CS (0x174)", screen);
  }
});
