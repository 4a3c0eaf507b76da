/**
 * What there is to load of a kernel: the segments of the ELF file inside a
 * bzImage, unpacked here and not by the emulated CPU, which needs a hundred
 * times as long for it. A bzImage whose compression is not known here is loaded as
 * it is and unpacks itself. Both are entered by the 64-bit boot protocol
 * (Documentation/arch/x86/boot.rst of the kernel).
 *
 * @module
 */
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { LZ4_LEGACY_MAGIC, unpackLz4 } from "./boot_disk_lz4.ts";

/** Bytes that belong at a physical address. */
export interface Segment {
  /** Physical address of the first byte. */
  readonly address: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A kernel that can be put into memory and entered. */
export interface LoadableKernel {
  /** What to load, and where. */
  readonly segments: readonly Segment[];
  /** Physical address of the 64-bit entry point. */
  readonly entry: number;
  /** Physical address after the last byte that the kernel uses before it knows its memory. */
  readonly end: number;
  /** The setup header, for offset 0x1f1 of the zero page. */
  readonly setupHeader: Uint8Array<ArrayBuffer>;
  /** Longest command line that it takes, in bytes. */
  readonly commandLineSize: number;
  /** The whole ELF file, where it could be unpacked. */
  readonly elf?: Uint8Array<ArrayBuffer>;
}

/** Offsets in a bzImage, which are also those in the zero page. */
const HEADER = {
  setupSectors: 0x1f1,
  jumpLength: 0x201,
  magic: 0x202,
  version: 0x206,
  loadFlags: 0x236,
  commandLineSize: 0x238,
  payloadOffset: 0x248,
  payloadLength: 0x24c,
  preferredAddress: 0x258,
  initSize: 0x260,
} as const;

const HDRS_MAGIC = 0x5372_6448;
const OLDEST_VERSION = 0x20c; // The first with a 64-bit entry point.
const XLF_KERNEL_64 = 1;
const ENTRY_64 = 0x200;
const SECTOR = 512;

const ELF_MAGIC = 0x464c_457f;
const PT_LOAD = 1;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The ELF file in a payload, or nothing if its compression is not known here.
 *
 * @throws {SyntaxError} If it is damaged.
 */
function unpack(payload: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  try {
    return unpackKnown(payload);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SyntaxError(`Cannot read the kernel: it is damaged: ${why}`, { cause: error });
  }
}

function unpackKnown(payload: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  const view = viewOf(payload);
  const magic = view.getUint32(0, true);
  const size = view.getUint32(payload.length - 4, true);
  if (magic === ELF_MAGIC) return payload;
  if (magic === LZ4_LEGACY_MAGIC) return unpackLz4(payload.subarray(0, -4), size);
  if (magic === 0xfd2f_b528) return new Uint8Array(zstdDecompressSync(payload.subarray(0, -4)));
  if ((magic & 0xffff) === 0x8b1f) return new Uint8Array(gunzipSync(payload));
  return undefined;
}

/** The segments of an ELF file with their physical addresses. */
function readElf(elf: Uint8Array<ArrayBuffer>): Omit<LoadableKernel, Inherited> {
  const view = viewOf(elf);
  const table = Number(view.getBigUint64(0x20, true));
  const headerSize = view.getUint16(0x36, true);
  const segments: Segment[] = [];
  let end = 0;
  for (let index = 0; index < view.getUint16(0x38, true); index++) {
    const header = table + index * headerSize;
    if (view.getUint32(header, true) !== PT_LOAD) continue;
    const [offset = 0, , address = 0, inFile = 0, inMemory = 0] = [0x08, 0x10, 0x18, 0x20, 0x28]
      .map((field) => Number(view.getBigUint64(header + field, true)));
    segments.push({ address, bytes: elf.subarray(offset, offset + inFile) });
    end = Math.max(end, address + inMemory);
  }
  return { segments, entry: Number(view.getBigUint64(0x18, true)), end };
}

type Inherited = "setupHeader" | "commandLineSize" | "elf";

/** How many bytes of an image {@linkcode imageFault} looks at. */
export const HEAD_SIZE = 0x268;

/** Where the protected-mode code is: behind the setup sectors. */
function codeStart(view: DataView): number {
  // Zero setup sectors stand for four, for the sake of very old kernels.
  return ((view.getUint8(HEADER.setupSectors) || 4) + 1) * SECTOR;
}

function payloadOf(view: DataView): { readonly start: number; readonly end: number } {
  const start = codeStart(view) + view.getUint32(HEADER.payloadOffset, true);
  return { start, end: start + view.getUint32(HEADER.payloadLength, true) };
}

/** Why a file of `size` bytes that begins with `head` is no kernel to boot, or `undefined`. */
export function imageFault(head: Uint8Array, size: number): string | undefined {
  const view = viewOf(head);
  if (head.length < HEAD_SIZE || view.getUint32(HEADER.magic, true) !== HDRS_MAGIC) {
    return "it is not a bzImage";
  }
  const version = view.getUint16(HEADER.version, true);
  if (version < OLDEST_VERSION || (view.getUint16(HEADER.loadFlags, true) & XLF_KERNEL_64) === 0) {
    return "it is not a 64-bit kernel";
  }
  const { start, end } = payloadOf(view);
  return end > size || end - start < 8 ? "it is cut short" : undefined;
}

/**
 * Reads a bzImage.
 *
 * @throws {SyntaxError} If it is not one, or has no 64-bit entry point.
 */
export function readKernel(image: Uint8Array<ArrayBuffer>): LoadableKernel {
  const fault = imageFault(image, image.length);
  if (fault !== undefined) throw new SyntaxError(`Cannot read the kernel: ${fault}`);
  const view = viewOf(image);
  const start = codeStart(view);
  const payload = payloadOf(view);
  const common = {
    setupHeader: image.slice(
      HEADER.setupSectors,
      HEADER.magic + view.getUint8(HEADER.jumpLength),
    ),
    commandLineSize: view.getUint32(HEADER.commandLineSize, true),
  };
  const elf = unpack(image.subarray(payload.start, payload.end));
  if (elf !== undefined) return { ...readElf(elf), ...common, elf };
  const address = Number(view.getBigUint64(HEADER.preferredAddress, true));
  return {
    segments: [{ address, bytes: image.subarray(start) }],
    entry: address + ENTRY_64,
    end: address + view.getUint32(HEADER.initSize, true),
    ...common,
  };
}
