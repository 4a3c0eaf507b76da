import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type BootDiskContents, layOutBootDisk, writeBootDisk } from "./boot_disk.ts";
import { LOW } from "./boot_disk_layout.ts";

const MIB = 1 << 20;

const CONTENTS: BootDiskContents = {
  kernel: {
    segments: [
      { address: 0x120_0000, bytes: new Uint8Array(700).fill(2) },
      { address: 0x100_0000, bytes: new Uint8Array(512).fill(1) },
    ],
    entry: 0x100_0000,
    end: 0x140_0000,
    setupHeader: new Uint8Array(0x7b).fill(9),
    commandLineSize: 64,
  },
  initramfs: new Uint8Array(5000).fill(3),
  commandLine: "console=ttyS0",
  memoryMib: 64,
};

Deno.test("layOutBootDisk() puts low memory, segments by address and initramfs into sectors", () => {
  const { parts, size } = layOutBootDisk(CONTENTS);
  const low = parts[0]?.bytes.length ?? 0;
  const start = Math.ceil(low / 512) * 512;
  assertEquals(parts.map(({ offset, bytes }) => [offset, bytes[0], bytes.length]), [
    [0, 0, low],
    [start, 1, 512],
    [start + 512, 2, 700],
    [start + 512 + 1024, 3, 5000],
  ]);
  assertEquals(size, MIB);
});

Deno.test("layOutBootDisk() fills the zero page and the page tables", () => {
  const low = layOutBootDisk(CONTENTS).parts[0]?.bytes ?? new Uint8Array();
  const view = new DataView(low.buffer);
  assertEquals(view.getUint8(0x1f1), 9);
  assertEquals(view.getUint8(0x210), 0xff);
  assertEquals(view.getUint32(0x218, true), 63 * MIB - 0x2000);
  assertEquals(view.getUint32(0x21c, true), 5000);
  const line = view.getUint32(0x228, true) - LOW.zeroPage;
  assertEquals(new TextDecoder().decode(low.subarray(line)), "console=ttyS0\0");
  const tables = LOW.pageTables - LOW.zeroPage;
  assertEquals(view.getBigUint64(tables, true), BigInt(LOW.pageTables + 0x1000) | 3n);
  assertEquals(view.getBigUint64(tables + 0x2000 + 8 * 513, true), (513n << 21n) | 0x83n);
});

Deno.test("layOutBootDisk() refuses too little memory and a command line that is too long", () => {
  assertThrows(() => layOutBootDisk({ ...CONTENTS, memoryMib: 20 }), RangeError, "Too little");
  const commandLine = "x".repeat(64);
  assertThrows(() => layOutBootDisk({ ...CONTENTS, commandLine }), RangeError, "Too long");
});

Deno.test("writeBootDisk() writes each part at its offset", async () => {
  const path = await Deno.makeTempFile();
  try {
    const disk = layOutBootDisk(CONTENTS);
    await writeBootDisk(path, disk);
    const written = await Deno.readFile(path);
    assertEquals(written.length, disk.size);
    assert(
      disk.parts.every(({ offset, bytes }) =>
        bytes.every((byte, index) => written[offset + index] === byte)
      ),
    );
  } finally {
    await Deno.remove(path);
  }
  await assertRejects(() => writeBootDisk("/nowhere/disk", layOutBootDisk(CONTENTS)));
});
