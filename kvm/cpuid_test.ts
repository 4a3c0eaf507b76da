import { assert, assertEquals, assertThrows } from "@std/assert";
import { cpuidBuffer, decodeCpuid, encodeCpuid, freezeCpuid } from "./cpuid.ts";

const LEAVES = [
  { function: 0, index: 0, flags: 0, eax: 0x10, ebx: 0x6874_7541, ecx: 0, edx: 0xffff_ffff },
  { function: 0x8000_0001, index: 1, flags: 1, eax: 1, ebx: 2, ecx: 3, edx: 4 },
];

Deno.test("encodeCpuid() lays entries of 40 bytes behind a head of eight", () => {
  const bytes = encodeCpuid(LEAVES);
  const view = new DataView(bytes.buffer);
  assertEquals(bytes.length, 8 + 2 * 40);
  assertEquals([view.getUint32(0, true), view.getUint32(4, true)], [2, 0]);
  assertEquals(view.getUint32(8 + 16, true), 0x6874_7541);
  assertEquals(view.getUint32(48, true), 0x8000_0001);
  assertEquals(view.getUint32(48 + 24, true), 4);
});

Deno.test("decodeCpuid() reads back what encodeCpuid() wrote", () => {
  assertEquals(decodeCpuid(encodeCpuid(LEAVES)), LEAVES);
  assertEquals(decodeCpuid(encodeCpuid([])), []);
});

Deno.test("decodeCpuid() reads as many entries as the kernel says it filled", () => {
  const bytes = cpuidBuffer(3);
  assertEquals([bytes.length, bytes[0]], [8 + 3 * 40, 3]);
  bytes[0] = 1;
  assertEquals(decodeCpuid(bytes).length, 1);
});

Deno.test("freezeCpuid() has the same entries encoded once, and nobody changes them", () => {
  const entries = structuredClone(LEAVES);
  const bytes = encodeCpuid(entries);
  freezeCpuid(entries);
  assertEquals(encodeCpuid(entries), bytes);
  assert(encodeCpuid(entries) === encodeCpuid(entries));
  assertThrows(() => entries[0]!.eax = 1, TypeError);
  assertThrows(() => entries.pop(), TypeError);
});
