/**
 * The disk that Bochs boots from: the kernel, ready to run, and the initramfs,
 * each where the boot ROM finds it. Nothing else is needed to boot: no boot
 * loader, no file system.
 *
 * @module
 */
import { LOW } from "./boot_disk_layout.ts";
import { bootRom, type Load } from "./boot_disk_rom.ts";
import type { LoadableKernel, Segment } from "./boot_disk_kernel.ts";

/** What a boot disk carries. */
export interface BootDiskContents {
  readonly kernel: LoadableKernel;
  /** The initramfs, a cpio archive. */
  readonly initramfs: Uint8Array<ArrayBuffer>;
  readonly commandLine: string;
  /** Memory of the machine, in MiB. */
  readonly memoryMib: number;
}

const SECTOR = 512;
const PAGE = 0x1000;
const MIB = 0x10_0000;

/** The machine's tables are at the end of its memory; the BIOS keeps less than this for them. */
const KEPT_BY_BIOS = MIB;
/** Memory above this is no place for an initramfs: PCI's window begins there. */
const HIGHEST = 0x8000_0000;

/** Offsets in the zero page. */
const ZERO_PAGE = {
  setupHeader: 0x1f1,
  loader: 0x210,
  initramfsAddress: 0x218,
  initramfsSize: 0x21c,
  commandLine: 0x228,
} as const;
const UNREGISTERED_LOADER = 0xff;

function pageTables(): Uint8Array<ArrayBuffer> {
  const PRESENT_WRITE = 3n;
  const LARGE = 1n << 7n;
  const entries = new BigUint64Array(6 * 512);
  entries[0] = BigInt(LOW.pageTables + PAGE) | PRESENT_WRITE;
  for (let gib = 0; gib < 4; gib++) {
    entries[512 + gib] = BigInt(LOW.pageTables + (2 + gib) * PAGE) | PRESENT_WRITE;
  }
  for (let page = 0; page < 4 * 512; page++) {
    entries[2 * 512 + page] = (BigInt(page) << 21n) | LARGE | PRESENT_WRITE;
  }
  return new Uint8Array(entries.buffer);
}

/** Low memory from the zero page on: zero page, page tables, command line. */
function lowMemory(contents: BootDiskContents, initramfsAt: number): Segment {
  const text = new TextEncoder().encode(`${contents.commandLine}\0`);
  if (text.length > contents.kernel.commandLineSize) {
    throw new RangeError(`Cannot boot with a command line of "${text.length}" bytes: Too long`);
  }
  const bytes = new Uint8Array(LOW.commandLine - LOW.zeroPage + text.length);
  const view = new DataView(bytes.buffer);
  bytes.set(contents.kernel.setupHeader, ZERO_PAGE.setupHeader);
  view.setUint8(ZERO_PAGE.loader, UNREGISTERED_LOADER);
  view.setUint32(ZERO_PAGE.initramfsAddress, initramfsAt, true);
  view.setUint32(ZERO_PAGE.initramfsSize, contents.initramfs.length, true);
  view.setUint32(ZERO_PAGE.commandLine, LOW.commandLine, true);
  bytes.set(pageTables(), LOW.pageTables - LOW.zeroPage);
  bytes.set(text, LOW.commandLine - LOW.zeroPage);
  return { address: LOW.zeroPage, bytes };
}

/** The highest place for the initramfs, page by page. */
function placeInitramfs({ kernel, initramfs, memoryMib }: BootDiskContents): number {
  const top = Math.min(memoryMib * MIB - KEPT_BY_BIOS, HIGHEST);
  const address = Math.floor((top - initramfs.length) / PAGE) * PAGE;
  // Reading goes by sectors, so the last one may reach beyond what it holds.
  if (address < kernel.end + SECTOR) {
    throw new RangeError(`Cannot boot with "${memoryMib}" MiB of memory: Too little`);
  }
  return address;
}

/** A boot disk before it is written. */
export interface BootDisk {
  /** The ROM that boots from it. */
  readonly rom: Uint8Array<ArrayBuffer>;
  /** What is on it, each with its offset in bytes. */
  readonly parts: readonly { readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }[];
  /** Its size in bytes, a multiple of 1 MiB. */
  readonly size: number;
}

/**
 * Lays out a boot disk.
 *
 * @throws {RangeError} If the memory is too small or the command line too long.
 */
export function layOutBootDisk(contents: BootDiskContents): BootDisk {
  const initramfsAt = placeInitramfs(contents);
  const segments: Segment[] = [
    lowMemory(contents, initramfsAt),
    ...contents.kernel.segments.toSorted((one, other) => one.address - other.address),
    { address: initramfsAt, bytes: contents.initramfs },
  ];
  let sector = 0;
  const loads: Load[] = segments.map(({ address, bytes }) => {
    const count = Math.ceil(bytes.length / SECTOR);
    const load = { address, sector, count };
    sector += count;
    return load;
  });
  return {
    rom: bootRom(loads, contents.kernel.entry),
    parts: segments.map(({ bytes }, index) => ({
      offset: (loads[index]?.sector ?? 0) * SECTOR,
      bytes,
    })),
    size: Math.ceil(sector * SECTOR / MIB) * MIB,
  };
}

/** Writes a boot disk as a raw image at `path`. */
export async function writeBootDisk(path: string, { parts, size }: BootDisk): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  await file.truncate(size);
  for (const { offset, bytes } of parts) {
    await file.seek(offset, Deno.SeekMode.Start);
    for (let written = 0; written < bytes.length;) {
      written += await file.write(bytes.subarray(written));
    }
  }
}
