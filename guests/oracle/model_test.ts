import { assert, assertEquals, assertThrows } from "@std/assert";
import type { RawMsrFilter } from "../../kvm/msr_filter.ts";
import { expectVerdict, filterAllows } from "./model.ts";

function filter(flags: number, ...ranges: RawMsrFilter["ranges"]): RawMsrFilter {
  return { flags, ranges };
}

function denies(
  subject: RawMsrFilter,
  kind: "read" | "write",
  indices: readonly number[],
): boolean[] {
  return indices.map((index) => !filterAllows(subject, { kind, index }));
}

const WORD = new Uint8Array(8);

Deno.test("filterAllows() governs a range's own kinds, from its base to before its end", () => {
  const subject = filter(0, { flags: 1, nmsrs: 3, base: 0x174, bitmap: WORD });
  assertEquals(denies(subject, "read", [0x173, 0x174, 0x176, 0x177]), [false, true, true, false]);
  assertEquals(denies(subject, "write", [0x174, 0x176]), [false, false]);
});

Deno.test("filterAllows() takes the first range that governs the access", () => {
  const allow = { flags: 2, nmsrs: 1, base: 5, bitmap: new Uint8Array(8).fill(0xff) };
  const deny = { flags: 3, nmsrs: 10, base: 0, bitmap: WORD };
  const subject = filter(0, allow, deny);
  assertEquals(denies(subject, "write", [4, 5]), [true, false]);
  assertEquals(denies(subject, "read", [4, 5]), [true, true]);
});

Deno.test("filterAllows() reads bit i & 7 of byte i >> 3, up to the last bit of a word", () => {
  const bitmap = new Uint8Array(16);
  bitmap[7] = 0x80;
  bitmap[8] = 0x01;
  const subject = filter(1, { flags: 1, nmsrs: 128, base: 0x100, bitmap });
  assertEquals(
    denies(subject, "read", [0x13e, 0x13f, 0x140, 0x141]),
    [true, false, false, true],
  );
});

Deno.test("filterAllows() knows no range that reaches 2^32", () => {
  const last = { flags: 3, nmsrs: 1, base: 0xffff_ffff, bitmap: WORD };
  const across = { flags: 3, nmsrs: 0x20, base: 0xffff_fff0, bitmap: WORD };
  assertEquals(denies(filter(0, last, across), "read", [0xffff_ffff, 0xffff_fff0, 0, 5]), [
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("filterAllows() lets x2APIC MSRs pass and nothing beside them", () => {
  const subject = filter(1, { flags: 3, nmsrs: 0x3000, base: 0, bitmap: new Uint8Array(0x600) });
  assertEquals(denies(subject, "read", [0x7ff, 0x800, 0x8ff, 0x900, 0x4000]), [
    true,
    false,
    false,
    true,
    true,
  ]);
});

Deno.test("filterAllows() cannot look behind an address", () => {
  const subject = filter(0, { flags: 1, nmsrs: 1, base: 0, bitmap: 0x1000n });
  assertThrows(() => filterAllows(subject, { kind: "read", index: 0 }), TypeError);
  assert(filterAllows(subject, { kind: "read", index: 1 }));
});

Deno.test("expectVerdict() deflects an access only for a reason that is enabled", () => {
  const none = filter(0);
  const all = filter(1, { flags: 3, nmsrs: 1, base: 0, bitmap: WORD });
  const read = { kind: "read", index: 0x10 } as const;
  assertEquals(expectVerdict(none, [], read, "supported"), "completes");
  assertEquals(expectVerdict(none, ["unknown"], read, "unknown"), "unknown");
  assertEquals(expectVerdict(none, ["inval", "filter"], read, "unknown"), "gp");
  assertEquals(expectVerdict(none, ["inval"], read, "invalid"), "inval");
  assertEquals(expectVerdict(none, ["inval", "unknown", "filter"], read, "faulting"), "gp");
  assertEquals(expectVerdict(all, ["filter"], read, "unknown"), "filter");
  assertEquals(expectVerdict(all, ["inval", "unknown"], read, "unknown"), "gp");
});
