import { assertEquals } from "@std/assert";
import { msrpmBit, setMapBits, vmxMsrBitmapBit } from "./msr_maps.ts";

Deno.test("msrpmBit() gives each MSR two bits, in three ranges", () => {
  const cases: [number, "read" | "write", number | undefined][] = [
    [0, "read", 0],
    [0, "write", 1],
    [0x174, "read", 0x2e8],
    [0x1fff, "write", 0x3fff],
    [0x2000, "read", undefined],
    [0xbfff_ffff, "read", undefined],
    [0xc000_0000, "read", 0x800 * 8],
    [0xc000_0081, "write", 0x800 * 8 + 0x103],
    [0xc000_2000, "write", undefined],
    [0xc001_0000, "read", 0x1000 * 8],
    [0xc001_1fff, "write", 0x1800 * 8 - 1],
    [0xc001_2000, "write", undefined],
    [0xffff_ffff, "read", undefined],
  ];
  for (const [index, kind, bit] of cases) assertEquals(msrpmBit(index, kind), bit, `${index}`);
});

Deno.test("vmxMsrBitmapBit() gives each MSR a bit in one of four bitmaps", () => {
  const cases: [number, "read" | "write", number | undefined][] = [
    [0, "read", 0],
    [0x1fff, "read", 0x400 * 8 - 1],
    [0x2000, "read", undefined],
    [0xc000_0000, "read", 0x400 * 8],
    [0xc000_1fff, "read", 0x800 * 8 - 1],
    [0x174, "write", 0x800 * 8 + 0x174],
    [0xc000_0102, "write", 0xc00 * 8 + 0x102],
    [0xc001_0015, "write", undefined],
  ];
  for (const [index, kind, bit] of cases) assertEquals(vmxMsrBitmapBit(index, kind), bit);
});

Deno.test("setMapBits() sets and clears the bits of the kinds it is given, and no others", () => {
  const map = new Uint8Array(0x1000).fill(0b1010_0000);
  setMapBits(map, vmxMsrBitmapBit, 0x10, "read-write", true);
  setMapBits(map, vmxMsrBitmapBit, 0x1f, "read", false);
  setMapBits(map, vmxMsrBitmapBit, 0x4b56_4d01, "read-write", true);
  assertEquals(map.subarray(1, 4), Uint8Array.of(0b1010_0000, 0b1010_0001, 0b0010_0000));
  assertEquals(map.subarray(0x801, 0x804), Uint8Array.of(0b1010_0000, 0b1010_0001, 0b1010_0000));
});
