import { assertEquals } from "@std/assert";
import { LAYOUT, WINDOW_SIZE } from "../protocol.ts";
import { gateTable, stubGates, writeGate } from "./interrupts.ts";
import type { GuestMode } from "./mode.ts";
import { stubLabel, stubs } from "./stubs.ts";

function gate(mode: GuestMode, vector: number, address: number): string {
  const view = new DataView(new ArrayBuffer(gateTable(mode).size));
  writeGate(view, mode, vector, address);
  const size = view.byteLength / 256;
  return new Uint8Array(view.buffer, size * vector, size).toHex();
}

Deno.test("gateTable() has room for 256 gates of the mode's size", () => {
  assertEquals(gateTable("real"), { offset: 0, size: 1024 });
  assertEquals(gateTable("protected"), { offset: LAYOUT.idt, size: 2048 });
  assertEquals(gateTable("long"), { offset: LAYOUT.idt, size: 4096 });
  assertEquals(gateTable("long-user"), gateTable("long"));
});

Deno.test("writeGate() writes offset and segment in real mode", () => {
  assertEquals(gate("real", 255, 0x6abc), "bc6a0000");
});

Deno.test("writeGate() writes a present 32-bit interrupt gate that ring 3 may use", () => {
  assertEquals(gate("protected", 13, 0x1234_5678), "7856" + "3000" + "00ee" + "3412");
});

Deno.test("writeGate() writes a present 64-bit interrupt gate that ring 3 may use", () => {
  const low = "7856" + "0800" + "00ee" + "3412";
  assertEquals(gate("long", 255, 0x12_1234_5678), low + "12000000" + "00000000");
  assertEquals(gate("long-user", 0, 0x1234_5678), low + "00000000" + "00000000");
});

Deno.test("stubGates() lead each vector to its stub, in the window that is given", () => {
  for (const mode of ["long", "protected", "real"] as const) {
    for (const base of mode === "real" ? [0] : [0, WINDOW_SIZE]) {
      const table = stubGates(mode, base);
      const size = gateTable(mode).size / 256;
      const found = Array.from(
        { length: 256 },
        (_, vector) => table.slice(size * vector, size * (vector + 1)).toHex(),
      );
      const wanted = found.map((_, vector) =>
        gate(mode, vector, stubs(mode, base).symbol(stubLabel(vector)))
      );
      assertEquals(found, wanted);
    }
  }
});
