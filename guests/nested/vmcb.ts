/**
 * The virtual machine control block of SVM (APM volume 2, appendix B), by the
 * names of the manual.
 *
 * @module
 */
import { type Field, nested, struct, u16, u32, u64, u8 } from "../../kvm/abi/struct.ts";
import type { Dtable, Segment } from "../../kvm/vcpu.ts";

const VMCB_SEGMENT = struct("vmcb_seg", 16, {
  selector: u16(0),
  attrib: u16(2),
  limit: u32(4),
  base: u64(8),
});

/** A segment register as the VMCB holds it; a descriptor table has base and limit alone. */
export interface VmcbSegment {
  /** The selector. */
  readonly selector: number;
  /** Type, S, DPL, P, AVL, L, D/B and G: the attributes of the descriptor without a gap. */
  readonly attrib: number;
  /** The limit, in bytes. */
  readonly limit: number;
  /** The base address. */
  readonly base: bigint;
}

/** The names of the registers that are held like segments. */
export type VmcbSegmentName =
  | "ES"
  | "CS"
  | "SS"
  | "DS"
  | "FS"
  | "GS"
  | "GDTR"
  | "LDTR"
  | "IDTR"
  | "TR";

/** The names of the fields of at most 32 bits. */
export type VmcbNumberName =
  | "INTERCEPT_CR_READ"
  | "INTERCEPT_CR_WRITE"
  | "INTERCEPT_DR_READ"
  | "INTERCEPT_DR_WRITE"
  | "INTERCEPT_EXCEPTIONS"
  | "INTERCEPT_MISC_1"
  | "INTERCEPT_MISC_2"
  | "INTERCEPT_MISC_3"
  | "GUEST_ASID"
  | "TLB_CONTROL"
  | "VMCB_CLEAN"
  | "CPL";

/** The names of the fields of 64 bits. */
export type VmcbQuadName =
  | "IOPM_BASE_PA"
  | "MSRPM_BASE_PA"
  | "TSC_OFFSET"
  | "V_INTR"
  | "INTERRUPT_SHADOW"
  | "EXITCODE"
  | "EXITINFO1"
  | "EXITINFO2"
  | "EXITINTINFO"
  | "NP_ENABLE"
  | "EVENTINJ"
  | "N_CR3"
  | "NRIP"
  | "EFER"
  | "CR4"
  | "CR3"
  | "CR0"
  | "DR7"
  | "DR6"
  | "RFLAGS"
  | "RIP"
  | "RSP"
  | "RAX"
  | "STAR"
  | "LSTAR"
  | "CSTAR"
  | "SFMASK"
  | "KERNEL_GS_BASE"
  | "SYSENTER_CS"
  | "SYSENTER_ESP"
  | "SYSENTER_EIP"
  | "CR2"
  | "G_PAT"
  | "DBGCTL";

/** The fields of a VMCB, by name. */
export type VmcbFields =
  & Record<VmcbSegmentName, VmcbSegment>
  & Record<VmcbNumberName, number>
  & Record<VmcbQuadName, bigint>;

function segment(offset: number): Field<VmcbSegment> {
  return nested(offset, VMCB_SEGMENT);
}

/** The VMCB: the control area from 0, the state save area from 0x400. */
export const VMCB = struct("vmcb", 0x1000, {
  INTERCEPT_CR_READ: u16(0x000),
  INTERCEPT_CR_WRITE: u16(0x002),
  INTERCEPT_DR_READ: u16(0x004),
  INTERCEPT_DR_WRITE: u16(0x006),
  INTERCEPT_EXCEPTIONS: u32(0x008),
  INTERCEPT_MISC_1: u32(0x00c),
  INTERCEPT_MISC_2: u32(0x010),
  INTERCEPT_MISC_3: u32(0x014),
  IOPM_BASE_PA: u64(0x040),
  MSRPM_BASE_PA: u64(0x048),
  TSC_OFFSET: u64(0x050),
  GUEST_ASID: u32(0x058),
  TLB_CONTROL: u8(0x05c),
  V_INTR: u64(0x060),
  INTERRUPT_SHADOW: u64(0x068),
  EXITCODE: u64(0x070),
  EXITINFO1: u64(0x078),
  EXITINFO2: u64(0x080),
  EXITINTINFO: u64(0x088),
  NP_ENABLE: u64(0x090),
  EVENTINJ: u64(0x0a8),
  N_CR3: u64(0x0b0),
  VMCB_CLEAN: u32(0x0c0),
  NRIP: u64(0x0c8),
  ES: segment(0x400),
  CS: segment(0x410),
  SS: segment(0x420),
  DS: segment(0x430),
  FS: segment(0x440),
  GS: segment(0x450),
  GDTR: segment(0x460),
  LDTR: segment(0x470),
  IDTR: segment(0x480),
  TR: segment(0x490),
  CPL: u8(0x4cb),
  EFER: u64(0x4d0),
  CR4: u64(0x548),
  CR3: u64(0x550),
  CR0: u64(0x558),
  DR7: u64(0x560),
  DR6: u64(0x568),
  RFLAGS: u64(0x570),
  RIP: u64(0x578),
  RSP: u64(0x5d8),
  RAX: u64(0x5f8),
  STAR: u64(0x600),
  LSTAR: u64(0x608),
  CSTAR: u64(0x610),
  SFMASK: u64(0x618),
  KERNEL_GS_BASE: u64(0x620),
  SYSENTER_CS: u64(0x628),
  SYSENTER_ESP: u64(0x630),
  SYSENTER_EIP: u64(0x638),
  CR2: u64(0x640),
  G_PAT: u64(0x668),
  DBGCTL: u64(0x670),
});

/** Bits of `INTERCEPT_MISC_1`. */
export const INTERCEPT_MISC_1 = { MSR_PROT: 1 << 28 } as const;

/** Bits of `INTERCEPT_MISC_2`. */
export const INTERCEPT_MISC_2 = { VMRUN: 1 << 0, VMMCALL: 1 << 1 } as const;

/** `EXITCODE` values (APM volume 2, appendix C). */
export const SVM_EXITCODE = {
  MSR: 0x7cn,
  VMMCALL: 0x81n,
  INVALID: 0xffff_ffff_ffff_ffffn,
} as const;

/** A segment register of the vCPU as the VMCB holds it. */
export function vmcbSegment(segment: Segment): VmcbSegment {
  const { selector, type, s, dpl, present, avl, l, db, g, limit, base } = segment;
  const attrib = type | s << 4 | dpl << 5 | present << 7 | avl << 8 | l << 9 | db << 10 | g << 11;
  return { selector, attrib, limit, base };
}

/** A descriptor table register of the vCPU as the VMCB holds it. */
export function vmcbTable({ base, limit }: Dtable): VmcbSegment {
  return { selector: 0, attrib: 0, limit, base };
}
