import { assertEquals } from "@std/assert";
import { GuestMemory } from "../../kvm/guest_memory.ts";
import { LAYOUT, WINDOW_SIZE } from "../protocol.ts";
import { writePageTables } from "./paging.ts";

/** The physical address that the tables at `base` give `address`, or `undefined`. */
function walk(memory: GuestMemory, base: number, address: number): number | undefined {
  const entry = (table: number, index: number): bigint =>
    memory.view(table + 8 * index, 8).getBigUint64(0, true);
  let table = base + LAYOUT.pml4;
  for (const shift of [2 ** 39, 2 ** 30]) {
    const next = entry(table, Math.floor(address / shift) % 512);
    if ((next & 7n) !== 7n) return undefined;
    table = Number(next & ~0xfffn);
  }
  const large = entry(table, Math.floor(address / 2 ** 21) % 512);
  return (large & 0x87n) === 0x87n ? Number(large & ~0x1f_ffffn) + address % 2 ** 21 : undefined;
}

Deno.test("writePageTables() maps the first GiB onto itself, for ring 3 too, and no more", () => {
  for (const base of [0, WINDOW_SIZE]) {
    const memory = new GuestMemory(() => {});
    memory.add({ slot: 0, gpa: base, size: WINDOW_SIZE });
    writePageTables(memory, base);
    for (const address of [0, 0x1234, 0x20_0000, 0x3fff_ffff]) {
      assertEquals(walk(memory, base, address), address);
    }
    for (const address of [2 ** 30, 2 ** 39, 2 ** 47]) {
      assertEquals(walk(memory, base, address), undefined);
    }
    memory.close();
  }
});
