import { assertEquals, assertThrows } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { HEAD_SIZE, imageFault, readKernel } from "./boot_disk_kernel.ts";

const PREFERRED = 0x100_0000;
const INIT_SIZE = 0x20_0000;

/** An ELF file with one segment of eight bytes, of which the kernel wants sixteen in memory. */
function elf(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(0x100);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x464c_457f, true);
  view.setBigUint64(0x18, 0x100_0042n, true);
  view.setBigUint64(0x20, 0x40n, true);
  view.setUint16(0x36, 0x38, true);
  view.setUint16(0x38, 2, true);
  view.setUint32(0x40, 4, true); // A note, which is not loaded.
  view.setUint32(0x78, 1, true);
  view.setBigUint64(0x80, 0xf0n, true);
  view.setBigUint64(0x90, 0x100_0000n, true);
  view.setBigUint64(0x98, 8n, true);
  view.setBigUint64(0xa0, 16n, true);
  bytes.fill(7, 0xf0, 0xf8);
  return bytes;
}

function bzImage(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = 2 * 512;
  const bytes = new Uint8Array(start + 0x10 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0x1f1, 1);
  view.setUint8(0x201, 0x6a);
  view.setUint32(0x202, 0x5372_6448, true);
  view.setUint16(0x206, 0x20f, true);
  view.setUint16(0x236, 1, true);
  view.setUint32(0x238, 2047, true);
  view.setUint32(0x248, 0x10, true);
  view.setUint32(0x24c, payload.length, true);
  view.setBigUint64(0x258, BigInt(PREFERRED), true);
  view.setUint32(0x260, INIT_SIZE, true);
  bytes.set(payload, start + 0x10);
  return bytes;
}

function withSize(packed: Uint8Array, size: number): Uint8Array {
  return new Uint8Array([...packed, size & 255, size >> 8, 0, 0]);
}

const PACKINGS: Readonly<Record<string, Uint8Array>> = {
  "no compression": elf(),
  gzip: new Uint8Array(gzipSync(elf())),
  Zstandard: withSize(new Uint8Array(zstdCompressSync(elf())), elf().length),
};

for (const [name, payload] of Object.entries(PACKINGS)) {
  Deno.test(`readKernel() finds what to load in a payload with ${name}`, () => {
    const kernel = readKernel(bzImage(payload));
    assertEquals(kernel.segments, [{ address: 0x100_0000, bytes: new Uint8Array(8).fill(7) }]);
    assertEquals([kernel.entry, kernel.end], [0x100_0042, 0x100_0010]);
    assertEquals(kernel.commandLineSize, 2047);
    assertEquals(kernel.elf, elf());
  });
}

Deno.test("readKernel() hands over the setup header up to where the jump goes", () => {
  const { setupHeader } = readKernel(bzImage(elf()));
  assertEquals(setupHeader.length, 0x202 + 0x6a - 0x1f1);
  assertEquals([...setupHeader.subarray(0x202 - 0x1f1).subarray(0, 4)], [0x48, 0x64, 0x72, 0x53]);
});

Deno.test("readKernel() lets a kernel of unknown compression unpack itself", () => {
  const payload = new Uint8Array(32).fill(0xee);
  const kernel = readKernel(bzImage(payload));
  assertEquals(kernel.entry, PREFERRED + 0x200);
  assertEquals(kernel.end, PREFERRED + INIT_SIZE);
  assertEquals(kernel.segments.map(({ address, bytes }) => [address, bytes.length]), [
    [PREFERRED, 0x10 + payload.length],
  ]);
  assertEquals(kernel.elf, undefined);
});

Deno.test("readKernel() refuses what is no 64-bit bzImage", () => {
  assertThrows(() => readKernel(new Uint8Array(0x1000)), SyntaxError, "not a bzImage");
  const narrow = bzImage(elf());
  narrow[0x236] = 0;
  assertThrows(() => readKernel(narrow), SyntaxError, "not a 64-bit kernel");
  assertThrows(() => readKernel(bzImage(elf()).slice(0, -1)), SyntaxError, "cut short");
});

Deno.test("readKernel() refuses a payload that cannot be unpacked", () => {
  const packed = new Uint8Array(gzipSync(elf()));
  packed.fill(0, 20, 30);
  assertThrows(() => readKernel(bzImage(packed)), SyntaxError, "it is damaged: ");
});

Deno.test("imageFault() tells from its head that an image is cut short", () => {
  const image = bzImage(elf());
  assertEquals(imageFault(image.subarray(0, HEAD_SIZE), image.length), undefined);
  assertEquals(imageFault(image.subarray(0, HEAD_SIZE), image.length - 1), "it is cut short");
  assertEquals(imageFault(new Uint8Array(), 0), "it is not a bzImage");
});
