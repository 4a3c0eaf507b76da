import { assertEquals } from "@std/assert";
import { hasPvhEntry } from "./kernel_elf.ts";

Deno.test("hasPvhEntry() finds the note of either size, and no other note", () => {
  const note = (size: number, type: number): Uint8Array =>
    new Uint8Array([1, 2, 3, 4, 0, 0, 0, size, 0, 0, 0, type, 0, 0, 0, 0x58, 0x65, 0x6e, 0, 9]);
  assertEquals(hasPvhEntry(note(4, 18)), true);
  assertEquals(hasPvhEntry(note(8, 18)), true);
  assertEquals(hasPvhEntry(note(8, 6)), false);
  assertEquals(hasPvhEntry(new Uint8Array()), false);
});
