/**
 * The option ROM that boots: asks the BIOS for the memory map, reads what the
 * table at its end names from the boot disk into memory, and enters the
 * kernel in long mode.
 *
 * It programs the IDE controller's bus master itself, up to 8 MiB at a time:
 * every way that goes through the BIOS, as boot loaders do, moves each word
 * by an instruction of the emulated CPU, which is most of their time. It is a
 * ROM because the BIOS calls it before it waits three seconds for a key.
 *
 * @module
 */
import { asm16, asm64, assemble } from "../../guests/asm/mod.ts";
import { FIND_BUS_MASTER, READ_RUNS } from "./boot_disk_ata.ts";
import { LOW } from "./boot_disk_layout.ts";

/** A run of sectors that the ROM reads into memory. */
export interface Load {
  /** Physical address, below 4 GiB, a multiple of 4096. */
  readonly address: number;
  /** Number of the first sector on the disk. */
  readonly sector: number;
  /** How many sectors. */
  readonly count: number;
}

/** Bytes of a sector of the disk, and of the unit in which a ROM says its size. */
const SECTOR = 512;
const ROM_SIZE = 2 * SECTOR;
/** The BIOS finds a ROM by these bytes; its size follows, then its code. */
const SIGNATURE = [0x55, 0xaa, ROM_SIZE / SECTOR];

/** In the zero page: how many entries the memory map has, and the map. */
const MAP_COUNT = 0x1e8;
const MAP = 0x2d0;

/** Copies the code out of the ROM, so that what follows is at the addresses it was assembled for. */
const LEAVE_ROM = `
  db ${SIGNATURE.join(", ")}
  cli
  cld
  xor ax, ax
  mov es, ax
  mov ss, ax
  mov sp, ${LOW.loader}
  push cs
  pop ds
  xor si, si
  mov di, ${LOW.loader}
  mov cx, ${ROM_SIZE / 2}
  rep movsw
  jmp 0:copied
copied:
  mov ds, ax
`;

/**
 * Turns the machine off when it came here before, as memory outlives a reset: with the power
 * management's registers at the place where the BIOS of Bochs puts them (PIIX4, PM1a_CNT).
 */
const BOOT_ONCE = `
  mov di, ${LOW.bootedBefore}
  mov eax, 0x0ff0ff0f
  cmp [di], eax
  mov [di], eax
  jne first
  mov dx, 0xb004
  mov ax, 0x2000
  out dx, ax
first:
`;

/** Stores the memory map (int 0x15, AX 0xe820) as a count and entries of 20 bytes. */
const ASK_MEMORY = `
  xor ebx, ebx
  xor bp, bp
  mov di, ${LOW.memoryMap + 4}
ask:
  mov eax, 0xe820
  mov ecx, 20
  mov edx, 0x534d4150
  int 0x15
  jc asked
  add di, 20
  inc bp
  test ebx, ebx
  jne ask
asked:
  mov [${LOW.memoryMap}], bp
`;

/** Copies the memory map into the zero page, then real mode to long mode in one step. */
const ENTER_LONG_MODE = `
  mov ax, ${LOW.zeroPage >> 4}
  mov es, ax
  mov si, ${LOW.memoryMap}
  lodsd
  mov [es:${MAP_COUNT}], al
  imul cx, ax, 5
  mov di, ${MAP}
  rep movsd
  lgdt [gdt_pointer]
  mov eax, 0x20
  mov cr4, eax
  mov eax, ${LOW.pageTables}
  mov cr3, eax
  mov ecx, 0xc0000080
  rdmsr
  or ah, 1
  wrmsr
  mov eax, 0x80000011
  mov cr0, eax
  jmp 0x10:enter64
`;

/** Flat code and data of 64 bits at the selectors that the boot protocol asks for. */
const DESCRIPTORS = `
bus_master:
  dw 0
gdt:
  dq 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
  dw 31
  dd gdt
table:
`;

/** Long mode: the zero page in RSI, then the kernel. */
function longMode(entry: number): Uint8Array<ArrayBuffer> {
  const source = asm64`
    mov eax, 0x18
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov esi, ${LOW.zeroPage}
    mov eax, ${entry}
    jmp rax
  `;
  return assemble(source, { base: LOW.loader }).bytes; // It runs at any address.
}

/** The bytes, as a line of assembly. */
function data(bytes: Uint8Array): string {
  return `db ${bytes.join(", ")}`;
}

/** Makes the sum of all bytes zero, which the BIOS asks of a ROM. */
function seal(rom: Uint8Array): void {
  rom[rom.length - 1] = -rom.reduce((sum, byte) => sum + byte, 0) & 0xff;
}

/**
 * The option ROM that reads `loads` in their order and enters the kernel at
 * `entry`, a physical address below 4 GiB.
 *
 * @throws {RangeError} If the table does not fit into the ROM.
 */
export function bootRom(loads: readonly Load[], entry: number): Uint8Array<ArrayBuffer> {
  const numbers = [...loads, { address: 0, sector: 0, count: 0 }]
    .flatMap(({ address, sector, count }) => [address, sector, count]);
  const source = asm16`
    ${LEAVE_ROM}
    ${BOOT_ONCE}
    ${ASK_MEMORY}
    ${FIND_BUS_MASTER}
    ${READ_RUNS}
    ${ENTER_LONG_MODE}
  enter64:
    ${data(longMode(entry))}
    ${DESCRIPTORS}
    dd ${numbers.join(", ")}
  `;
  const { bytes } = assemble(source, { base: LOW.loader });
  if (bytes.length >= ROM_SIZE) {
    throw new RangeError(`Cannot write the boot ROM: "${loads.length}" runs do not fit`);
  }
  const rom = new Uint8Array(ROM_SIZE);
  rom.set(bytes);
  seal(rom);
  return rom;
}
