import { assertEquals } from "@std/assert";
import { kindOf } from "./kinds.ts";

const read = "done" as const;
const tried = "0xf";

Deno.test("kindOf() goes by what can be read and what is taken", () => {
  assertEquals(kindOf({ read, writeBack: "inval", bits: { tried, done: "0x1" } }), "read-write");
  assertEquals(kindOf({ read, writeBack: "inval", writeZero: "inval" }), "read-only");
  assertEquals(kindOf({ read, leftOut: "why" }), "readable");
  assertEquals(kindOf({ read: "unknown", writeZero: "done" }), "write-only");
});

Deno.test("kindOf() tells who refuses what is neither read nor written", () => {
  assertEquals(kindOf({ read: "unknown", writeZero: "inval" }), "invalid");
  assertEquals(kindOf({ read: "gp", writeZero: "gp" }), "cpu-fault");
  assertEquals(kindOf({ read: "unknown", bits: { tried, refused: tried } }), "unknown");
  assertEquals(kindOf({ read: "unknown", leftOut: "why" }), "unknown");
  assertEquals(kindOf({ read, value: "0x0", writeBack: "ended" }), "ended");
});
