/**
 * Where the boot ROM and the kernel find things in low memory.
 *
 * @module
 */

/** Physical addresses in low memory that the ROM and the kernel agree on. */
export const LOW = {
  /** A mark that the machine has booted; Linux leaves the lowest pages alone. */
  bootedBefore: 0x7000,
  /** Where the ROM's code copies itself, to have code and data in one segment. */
  loader: 0x7c00,
  /** Where the memory map waits until the zero page is there. */
  memoryMap: 0x8000,
  /** The table that the bus master follows, 8 bytes a page. */
  pageList: 0x9000,
  /** The zero page, `struct boot_params`. */
  zeroPage: 0x1_0000,
  /** Page tables: one PML4, one PDPT, four page directories. */
  pageTables: 0x1_1000,
  /** The kernel's command line. */
  commandLine: 0x1_7000,
} as const;
