/**
 * L2's first state and the state to which L1 returns, as VMCS fields, both
 * taken from L1 itself (SDM volume 3, sections 25.4 and 25.5).
 *
 * @module
 */
import type { Segment, Sregs } from "../../kvm/vcpu.ts";
import type { VmcsField, VmcsFields } from "./vmcs.ts";

const UNUSABLE = 1n << 16n;
const BUSY_TSS = 0xbn;
const DR7_RESET = 0x400n;

/** The access rights of a segment register as a VMCS holds them. */
export function accessRights(segment: Segment): bigint {
  const { type, s, dpl, present, avl, l, db, g, unusable } = segment;
  if (unusable !== 0) return UNUSABLE;
  return BigInt(
    type | s << 4 | dpl << 5 | present << 7 | avl << 12 | l << 13 | db << 14 | g << 15,
  );
}

function guestSegment(name: string, segment: Segment): [VmcsField, bigint][] {
  return [
    [`GUEST_${name}_SELECTOR` as VmcsField, BigInt(segment.selector)],
    [`GUEST_${name}_BASE` as VmcsField, segment.base],
    [`GUEST_${name}_LIMIT` as VmcsField, BigInt(segment.limit)],
    [`GUEST_${name}_ACCESS_RIGHTS` as VmcsField, accessRights(segment)],
  ];
}

/** A guest state equal to L1's, with the stack at `rsp`. */
export function guestState(sregs: Sregs, pat: bigint, rsp: number): VmcsFields {
  const { es, cs, ss, ds, fs, gs, tr } = sregs;
  return {
    ...Object.fromEntries(
      Object.entries({ ES: es, CS: cs, SS: ss, DS: ds, FS: fs, GS: gs, TR: tr })
        .flatMap(([name, segment]) => guestSegment(name, segment)),
    ),
    GUEST_TR_ACCESS_RIGHTS: accessRights(tr) & ~0xfn | BUSY_TSS,
    GUEST_LDTR_ACCESS_RIGHTS: UNUSABLE,
    GUEST_GDTR_BASE: sregs.gdt.base,
    GUEST_GDTR_LIMIT: BigInt(sregs.gdt.limit),
    GUEST_IDTR_BASE: sregs.idt.base,
    GUEST_IDTR_LIMIT: BigInt(sregs.idt.limit),
    GUEST_CR0: sregs.cr0,
    GUEST_CR3: sregs.cr3,
    GUEST_CR4: sregs.cr4,
    GUEST_IA32_EFER: sregs.efer,
    GUEST_IA32_PAT: pat,
    GUEST_DR7: DR7_RESET,
    GUEST_RFLAGS: 2n,
    GUEST_RSP: BigInt(rsp),
    VMCS_LINK_POINTER: 0xffff_ffff_ffff_ffffn,
  };
}

/** A host state equal to L1's, which goes on at `rip` with the stack at `rsp`. */
export function hostState(sregs: Sregs, pat: bigint, rip: number, rsp: number): VmcsFields {
  // The CPU refuses a host selector with an RPL, which L1's have none of.
  return {
    HOST_ES_SELECTOR: BigInt(sregs.es.selector),
    HOST_CS_SELECTOR: BigInt(sregs.cs.selector),
    HOST_SS_SELECTOR: BigInt(sregs.ss.selector),
    HOST_DS_SELECTOR: BigInt(sregs.ds.selector),
    HOST_FS_SELECTOR: BigInt(sregs.fs.selector),
    HOST_GS_SELECTOR: BigInt(sregs.gs.selector),
    HOST_TR_SELECTOR: BigInt(sregs.tr.selector),
    HOST_FS_BASE: sregs.fs.base,
    HOST_GS_BASE: sregs.gs.base,
    HOST_TR_BASE: sregs.tr.base,
    HOST_GDTR_BASE: sregs.gdt.base,
    HOST_IDTR_BASE: sregs.idt.base,
    HOST_CR0: sregs.cr0,
    HOST_CR3: sregs.cr3,
    HOST_CR4: sregs.cr4,
    HOST_IA32_EFER: sregs.efer,
    HOST_IA32_PAT: pat,
    HOST_RIP: BigInt(rip),
    HOST_RSP: BigInt(rsp),
  };
}
