import { assert, assertEquals, assertThrows } from "@std/assert";
import { bootRom, type Load } from "./boot_disk_rom.ts";

const LOADS: readonly Load[] = [
  { address: 0x1_0000, sector: 0, count: 65 },
  { address: 0x100_0000, sector: 65, count: 0x1_2345 },
];

Deno.test("bootRom() makes a ROM that the BIOS takes: signature, size and sum", () => {
  const rom = bootRom(LOADS, 0x100_0000);
  assertEquals([...rom.subarray(0, 3)], [0x55, 0xaa, rom.length / 512]);
  assertEquals(rom.reduce((sum, byte) => sum + byte, 0) & 0xff, 0);
});

Deno.test("bootRom() carries the runs in their order, and an empty one at the end", () => {
  const rom = bootRom(LOADS, 0x100_0000);
  const table = new Uint8Array(
    new Uint32Array([...LOADS.flatMap(({ address, sector, count }) => [address, sector, count]), 0])
      .buffer,
  );
  const found = rom.findIndex((_, at) => table.every((byte, index) => rom[at + index] === byte));
  assert(found > 0);
});

Deno.test("bootRom() jumps to the entry point in long mode", () => {
  // mov eax, entry; jmp rax
  const jump = [0xb8, 0x43, 0x0c, 0x00, 0x01, 0xff, 0xe0];
  const rom = bootRom(LOADS, 0x100_0c43);
  assert(rom.some((_, at) => jump.every((byte, index) => rom[at + index] === byte)));
});

Deno.test("bootRom() refuses more runs than fit", () => {
  const loads = Array.from({ length: 60 }, (_, index): Load => {
    return { address: index << 12, sector: index * 8, count: 8 };
  });
  assertThrows(() => bootRom(loads, 0x100_0000), RangeError, '"60" runs do not fit');
});
