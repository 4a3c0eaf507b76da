import { assert, assertEquals, assertThrows } from "@std/assert";
import type { MsrRecord } from "@trapline/trapline/sweep";
import { mapFromJson, mapToJson, type SweepMap } from "./map.ts";

const UNKNOWN: MsrRecord = { read: "unknown", writeZero: "unknown" };
const KNOWN: MsrRecord = {
  read: "done",
  value: "0x10",
  writeBack: "done",
  writeZero: "inval",
  bits: { tried: "0xf", done: "0x3", kept: "0x1" },
  filterable: { read: true, write: false },
};

const MAP: SweepMap = {
  host: { kernel: "6.12", cpu: "c", modules: ["kvm"] },
  made: "2026-01-01T00:00:00Z",
  seconds: 1.5,
  notes: ["n"],
  windows: [{ first: 0x173, last: 0x175 }],
  runs: [
    { first: 0x173, last: 0x173, record: UNKNOWN },
    { first: 0x174, last: 0x174, record: KNOWN },
    { first: 0x175, last: 0x175, record: UNKNOWN },
  ],
};

Deno.test("mapToJson() writes one run a line, which mapFromJson() reads back", () => {
  const text = mapToJson(MAP);
  assertEquals(mapFromJson(text), MAP);
  assert(text.includes('{"msr":"0x174","name":"IA32_SYSENTER_CS","read":"done"'));
  assertEquals(text.split("\n").filter((line) => line.includes('"msr":')).length, 3);
});

Deno.test("mapFromJson() refuses what is no map", () => {
  assertThrows(() => mapFromJson("{"), SyntaxError);
  assertThrows(() => mapFromJson('{"version":2}'), SyntaxError, "of version 1");
});
