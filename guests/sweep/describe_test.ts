import { assertEquals } from "@std/assert";
import { aspectsOf } from "./describe.ts";
import type { MsrRecord } from "./record.ts";

function aspect(what: string, record: Partial<MsrRecord>): string | undefined {
  return new Map(aspectsOf({ read: "done", value: "0x0", ...record })).get(what);
}

Deno.test("aspectsOf() puts single bits into words", () => {
  const bits = { tried: "0xff", done: "0xf", kept: "0x3", inval: "0xf0" };
  assertEquals(aspect("Single bits", { bits }), "0-1: kept; 2-3: taken, not kept; 4-7: INVAL");
  const counter = { bits: { tried: "0xff", done: "0xff" }, volatile: true } as const;
  assertEquals(aspect("Single bits", counter), "0-7: taken");
});

Deno.test("aspectsOf() says which accesses get past the filter, and which make no exit", () => {
  const words = (read?: boolean, write?: boolean): string | undefined =>
    aspect("Filter", {
      filterable: {
        ...(read !== undefined && { read }),
        ...(write !== undefined && { write }),
      },
    });
  assertEquals(words(true, true), "reads and writes can be denied");
  assertEquals(words(true, false), "reads can be denied, writes get past it");
  assertEquals(words(false), "reads get past it");
  assertEquals(aspect("Pass-through", { passedThrough: { write: true } }), "writes make no exit");
});

Deno.test("aspectsOf() leaves out what was not asked", () => {
  assertEquals(aspectsOf({ read: "unknown" }), [["Read", "unknown to KVM (UNKNOWN)"]]);
});
