import { assertEquals, assertStringIncludes } from "@std/assert";
import { compareMaps } from "./compare_maps.ts";
import { comparisonPage } from "./comparison_page.tsx";
import { mapPage } from "./map_page.tsx";
import { exampleMap } from "./example_map.ts";

function count(page: string, part: string): number {
  return page.split(part).length - 1;
}

Deno.test("mapPage() draws a strip for each window, and cells where KVM knows something", () => {
  const page = mapPage(exampleMap());
  assertEquals(count(page, '<svg class="strip"'), 2);
  assertEquals(count(page, 'class="row"'), 2);
  // One more of each is in the legend.
  assertEquals(count(page, '<i class="k-read-write"'), 3);
  assertEquals(count(page, '<i class="k-invalid m-unfiltered"'), 1);
  assertStringIncludes(page, '<p class="gap">0x180-0x1ef</p>');
});

Deno.test("mapPage() lists the dangerous writes, and escapes what a host calls itself", () => {
  const map = exampleMap();
  const page = mapPage({ ...map, host: { ...map.host, cpu: "</script><b>" } });
  assertStringIncludes(page, "writes memory");
  assertEquals(page.includes("<b>&"), false);
  assertEquals(count(page, "</script>"), 2);
});

Deno.test("comparisonPage() colours what changed, and says how", () => {
  const before = exampleMap();
  const runs = before.runs.map((run) =>
    run.first === 0x174 ? { ...run, record: { ...run.record, writeZero: "inval" as const } } : run
  );
  const page = comparisonPage(compareMaps(before, { ...before, runs }));
  assertEquals(count(page, '<i class="k-behaviour"'), 2);
  assertStringIncludes(page, "<td>refused by KVM (INVAL)</td>");
  const noted = { ...before, notes: ["no local APIC"], host: { ...before.host, kernel: "7" } };
  const other = comparisonPage(compareMaps(before, noted));
  assertStringIncludes(other, "<p>B: no local APIC</p>");
  assertStringIncludes(other, "B: Linux 7, AuthenticAMD");
  const same = comparisonPage(compareMaps(before, before));
  assertStringIncludes(same, "Nothing differs.");
});
