import { assertEquals, assertThrows } from "@std/assert";
import { GuestMemory } from "../../kvm/guest_memory.ts";
import { readMsrList, writeMsrList } from "./vmx_msr_lists.ts";

function memoryOfPages(count: number): GuestMemory {
  const memory = new GuestMemory(() => {});
  memory.add({ slot: 0, gpa: 0, size: count * 0x1000 });
  return memory;
}

Deno.test("writeMsrList() writes index, reserved zero and value, which readMsrList() reads", () => {
  const memory = memoryOfPages(1);
  const entries = [[0x174, 1n], [0xc000_0081, 0x1122_3344_5566_7788n]] as const;
  memory.bytes(0, 0x30).fill(0xff);
  writeMsrList(memory, 0, entries);
  assertEquals(memory.view(16, 16).getUint32(0, true), 0xc000_0081);
  assertEquals(memory.view(16, 16).getUint32(4, true), 0);
  assertEquals(memory.view(32, 16).getUint8(0), 0xff);
  assertEquals(readMsrList(memory.view(0, 32), 2), [...entries]);
  memory.close();
});

Deno.test("writeMsrList() refuses more than fit on a page", () => {
  const memory = memoryOfPages(2);
  const entries = Array.from({ length: 257 }, () => [0x10, 0n] as const);
  assertThrows(() => writeMsrList(memory, 0, entries), RangeError, "the page holds 256");
  memory.close();
});
