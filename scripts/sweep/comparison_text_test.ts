import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { compareMaps, type Comparison, differentNotes } from "./compare_maps.ts";
import { comparisonText } from "./comparison_text.ts";
import { exampleMap } from "./example_map.ts";

function compareWithoutZero(notes: readonly string[]): Comparison {
  const before = exampleMap();
  const runs = before.runs.map((run) =>
    run.first === 0x174 ? { ...run, record: { ...run.record, writeZero: "inval" as const } } : run
  );
  return compareMaps(before, { ...before, runs, notes });
}

Deno.test("comparisonText() names the MSR and both sides", () => {
  const text = comparisonText(compareWithoutZero([]));
  assertStringIncludes(text, "IA32_SYSENTER_CS (0x174)");
  assertStringIncludes(text, "Write of 0: done -> refused by KVM (INVAL)");
  assert(!text.includes("Note"), text);
});

Deno.test("comparisonText() has the notes of one map that the other has not", () => {
  const comparison = compareWithoutZero(["no local APIC"]);
  assertEquals(differentNotes(comparison), ["B: no local APIC"]);
  assertStringIncludes(comparisonText(comparison), "Note on B: no local APIC");
});
