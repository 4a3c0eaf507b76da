import { assertEquals, assertStringIncludes } from "@std/assert";
import { runsOf } from "../../guests/sweep/record.ts";
import type { SweepMap } from "./map.ts";
import { countKinds, summaryText } from "./summary.ts";

const MAP: SweepMap = {
  host: { kernel: "6", cpu: "c", modules: [] },
  made: "",
  seconds: 0,
  notes: ["a note"],
  windows: [],
  runs: runsOf(
    new Map([
      [0x12, { read: "done", value: "0x0", writeBack: "done", leftOut: "writes memory" }],
      [0x174, { read: "done", value: "0x0", writeBack: "inval", filterable: { read: false } }],
      [0x175, { read: "unknown", writeZero: "unknown" }],
      [0x176, { read: "unknown", writeZero: "unknown" }],
    ]),
  ),
};

Deno.test("countKinds() counts MSRs, not runs", () => {
  const counts = countKinds(MAP.runs);
  assertEquals([counts.get("unknown"), counts.get("read-only")], [2, 1]);
});

Deno.test("summaryText() lists what gets past the filter, and the writes left out", () => {
  const text = summaryText(MAP, 100);
  assertStringIncludes(text, "not filterable (read):\n      IA32_SYSENTER_CS (0x174)");
  assertStringIncludes(text, "writes memory:\n      KVM_SYSTEM_TIME (0x12)");
  assertStringIncludes(text, "Note: a note");
});
