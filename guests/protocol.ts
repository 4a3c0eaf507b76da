/**
 * What the guest and the host say to each other: where things lie in a
 * guest's memory, which ports it speaks through, and how a report is laid out.
 *
 * Every offset is from the start of the guest's window, 2 MiB of
 * guest-physical memory of its own (see {@linkcode WINDOW_SIZE}).
 *
 * @module
 */

/** Bytes of one guest's window; the next guest of the VM has the next window. */
export const WINDOW_SIZE = 0x20_0000;

/** Where things lie in a window, in bytes from its start. */
export const LAYOUT = {
  /** Real-mode interrupt vector table, 256 entries of 4 bytes. */
  ivt: 0x0000,
  /** Global descriptor table. */
  gdt: 0x1000,
  /** Task state segment. */
  tss: 0x1100,
  /** Interrupt descriptor table, 256 gates of 16 or 8 bytes. */
  idt: 0x2000,
  /** Page tables: PML4, PDPT and one page directory. */
  pml4: 0x3000,
  pdpt: 0x4000,
  pd: 0x5000,
  /** The exception stubs and `finish`. */
  stubs: 0x6000,
  /** The report of how the guest ended. */
  report: 0x8000,
  /** End of the stack that the guest starts with. */
  stackTop: 0xa000,
  /** End of the stack on which ring 0 takes the faults of ring 3. */
  faultStackTop: 0xb000,
  /** The program; below 64 KiB, so that real mode reaches it. */
  code: 0xc000,
  codeEnd: 0x1_0000,
  /** The list of accesses that the walker takes, to the end of the window. */
  list: 0x10_0000,
} as const;

/** The ports that a guest writes to. */
export const PORT = {
  /** The program came to its end; the report holds the registers. */
  finish: 0xe0,
  /** An exception was taken; the report holds it. */
  fault: 0xe1,
} as const;

/** The report, in bytes from its start; every field has 8 bytes. */
export const REPORT = {
  vector: 0,
  errorCode: 8,
  rip: 16,
  cs: 24,
  rflags: 32,
  rsp: 40,
  ss: 48,
  cr2: 56,
  rax: 64,
  rcx: 72,
  rdx: 80,
  rbx: 88,
  rbp: 96,
  rsi: 104,
  rdi: 112,
  r8: 120,
  r9: 128,
  r10: 136,
  r11: 144,
  r12: 152,
  r13: 160,
  r14: 168,
  r15: 176,
} as const;

/** Bytes of the report. */
export const REPORT_SIZE = 184;

/** One entry of the walker's list, in bytes from its start. */
export const ACCESS = {
  /** u64: address of the code that performs it, or of the walker's end. */
  operation: 0,
  /** u32: the MSR index. */
  index: 8,
  /** u64: what to write, or what was read. */
  value: 16,
  /** u32: 1 when the access raised #GP. */
  faulted: 24,
  /** u64: the error code of the #GP. */
  errorCode: 32,
  /** u64: the RIP that the #GP pushed. */
  rip: 40,
} as const;

/** Bytes of one entry of the list. */
export const ACCESS_SIZE = 48;
