/**
 * Where a hypervisor guest keeps its code and its structures: a part of the
 * guest's window that no other guest uses. Every offset is from the window's start.
 *
 * @module
 */

/** Where things lie in the window, in bytes from its start. */
export const NESTED = {
  /** L1's code, and the few instructions of L2 that lead in and out. */
  code: 0x2_0000,
  /** What L1 and the host tell each other, see {@linkcode CELL}. */
  cells: 0x2_2000,
  /** End of L1's stack. */
  stackTop: 0x2_4000,
  /** The VMCB, or the VMCS region: one page. */
  controlBlock: 0x2_4000,
  /** The host save area of SVM, or the VMXON region: one page. */
  hostArea: 0x2_5000,
  /** The MSR permission map of SVM, or the MSR bitmap of VMX: two pages at most. */
  msrMap: 0x2_6000,
  /** The lists of MSRs that VMX loads and stores, one page each. */
  entryLoad: 0x2_8000,
  exitStore: 0x2_9000,
  exitLoad: 0x2_a000,
  /** VMCS fields for L1 to write: pairs of an encoding and a value, 8 bytes each. */
  fields: 0x2_b000,
  /** The accesses that L1 intercepted, see {@linkcode ENTRY}. */
  log: 0x4_0000,
  logEnd: 0x10_0000,
} as const;

/** The cells, in bytes from their start; each has 8 bytes. */
export const CELL = {
  /** What L1 answers to each RDMSR that it intercepts. */
  answer: 0,
  /** Address behind the last entry of the log. */
  logEnd: 8,
  /** GPA of the VMXON region, and of the VMCS: operands of VMX instructions. */
  vmxonPointer: 16,
  vmcsPointer: 24,
  /** VMX: the fields of the last VM exit. */
  exitReason: 32,
  exitQualification: 40,
  exitRip: 48,
  /** VMX: why the last instruction failed, and at which encoding it was. */
  instructionError: 56,
  failedField: 64,
} as const;

/** Bytes of the cells. */
export const CELLS_SIZE = 72;

/** One entry of the log, in bytes from its start. */
export const ENTRY = {
  /** u32: the MSR index. */
  index: 0,
  /** u32: 1 for a write. */
  write: 4,
  /** u64: what L2 wrote. */
  value: 8,
} as const;

/** Bytes of one entry of the log. */
export const ENTRY_SIZE = 16;

/** The ports through which L1 and L2 say where they are. */
export const NESTED_PORT = {
  /** L2 runs. */
  entered: 0xe2,
  /** L1 runs, after a VM exit that it does not handle itself. */
  exited: 0xe3,
  /** L1 runs, and one of its VMX instructions failed. */
  failed: 0xe4,
} as const;
