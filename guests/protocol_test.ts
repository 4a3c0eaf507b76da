import { assert, assertEquals } from "@std/assert";
import { GDT_SIZE } from "./boot/descriptors.ts";
import { gateTable } from "./boot/interrupts.ts";
import type { GuestMode } from "./boot/mode.ts";
import { stubs } from "./boot/stubs.ts";
import { ACCESS, ACCESS_SIZE, LAYOUT, PORT, REPORT, REPORT_SIZE, WINDOW_SIZE } from "./protocol.ts";

const MODES: readonly GuestMode[] = ["real", "protected", "long", "long-user"];

/** Bytes that a stack may take before it runs into what lies below. */
const STACK = 0x1000;

/** What lies in the window of a guest of `mode`, as `[what, start, end]`. */
function regions(mode: GuestMode): [what: string, start: number, end: number][] {
  const gates = gateTable(mode);
  return [
    ["gates", gates.offset, gates.offset + gates.size],
    ["GDT", LAYOUT.gdt, LAYOUT.gdt + GDT_SIZE],
    ["TSS", LAYOUT.tss, LAYOUT.tss + 0x68],
    ["PML4", LAYOUT.pml4, LAYOUT.pml4 + 0x1000],
    ["PDPT", LAYOUT.pdpt, LAYOUT.pdpt + 0x1000],
    ["PD", LAYOUT.pd, LAYOUT.pd + 0x1000],
    ["stubs", LAYOUT.stubs, LAYOUT.stubs + stubs(mode, 0).bytes.length],
    ["report", LAYOUT.report, LAYOUT.report + REPORT_SIZE],
    ["stack", LAYOUT.stackTop - STACK, LAYOUT.stackTop],
    ["fault stack", LAYOUT.faultStackTop - STACK, LAYOUT.faultStackTop],
    ["code", LAYOUT.code, LAYOUT.codeEnd],
    ["list", LAYOUT.list, WINDOW_SIZE],
  ];
}

Deno.test("LAYOUT leaves every part of a window to itself, in every mode", () => {
  for (const mode of MODES) {
    const sorted = regions(mode).sort(([, a], [, b]) => a - b);
    sorted.forEach(([what, start], i) => {
      const before = sorted[i - 1];
      if (before === undefined) return;
      assert(before[2] <= start, `${mode}: ${before[0]} reaches into ${what}`);
    });
    assert(sorted.every(([, , end]) => end <= WINDOW_SIZE));
  }
});

Deno.test("LAYOUT keeps what real mode uses below 64 KiB, and pages on page boundaries", () => {
  assert(LAYOUT.codeEnd <= 0x1_0000);
  const { pml4, pdpt, pd } = LAYOUT;
  assertEquals([pml4, pdpt, pd, LAYOUT.stackTop].map((at) => at % 0x1000), [0, 0, 0, 0]);
});

Deno.test("REPORT and ACCESS give every field eight bytes of its own", () => {
  assertEquals(Object.values(REPORT), Object.keys(REPORT).map((_, i) => 8 * i));
  assertEquals(REPORT_SIZE, 8 * Object.keys(REPORT).length);
  assertEquals(Object.values(ACCESS), Object.keys(ACCESS).map((_, i) => 8 * i));
  assertEquals(ACCESS_SIZE, 8 * Object.keys(ACCESS).length);
});

Deno.test("PORT has a port for each end of a program", () => {
  const ports = Object.values(PORT);
  assertEquals(new Set(ports).size, ports.length);
  // OUT takes no more than a byte for an immediate port.
  assert(ports.every((port) => port <= 0xff));
});
