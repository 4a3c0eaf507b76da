/**
 * The register structures of `<asm/kvm.h>`.
 *
 * @module
 */
import { nested, struct, u16, u32, u64, u64s, u8 } from "./struct.ts";

/** `struct kvm_regs`. */
export const KVM_REGS = struct("kvm_regs", 144, {
  rax: u64(0),
  rbx: u64(8),
  rcx: u64(16),
  rdx: u64(24),
  rsi: u64(32),
  rdi: u64(40),
  rsp: u64(48),
  rbp: u64(56),
  r8: u64(64),
  r9: u64(72),
  r10: u64(80),
  r11: u64(88),
  r12: u64(96),
  r13: u64(104),
  r14: u64(112),
  r15: u64(120),
  rip: u64(128),
  rflags: u64(136),
});

/** `struct kvm_segment`. */
export const KVM_SEGMENT = struct("kvm_segment", 24, {
  base: u64(0),
  limit: u32(8),
  selector: u16(12),
  type: u8(14),
  present: u8(15),
  dpl: u8(16),
  db: u8(17),
  s: u8(18),
  l: u8(19),
  g: u8(20),
  avl: u8(21),
  unusable: u8(22),
});

/** `struct kvm_dtable`. */
export const KVM_DTABLE = struct("kvm_dtable", 16, { base: u64(0), limit: u16(8) });

/** `struct kvm_sregs`. */
export const KVM_SREGS = struct("kvm_sregs", 312, {
  cs: nested(0, KVM_SEGMENT),
  ds: nested(24, KVM_SEGMENT),
  es: nested(48, KVM_SEGMENT),
  fs: nested(72, KVM_SEGMENT),
  gs: nested(96, KVM_SEGMENT),
  ss: nested(120, KVM_SEGMENT),
  tr: nested(144, KVM_SEGMENT),
  ldt: nested(168, KVM_SEGMENT),
  gdt: nested(192, KVM_DTABLE),
  idt: nested(208, KVM_DTABLE),
  cr0: u64(224),
  cr2: u64(232),
  cr3: u64(240),
  cr4: u64(248),
  cr8: u64(256),
  efer: u64(264),
  apic_base: u64(272),
  interrupt_bitmap: u64s(280, 4),
});

/** General registers, RIP and RFLAGS: `struct kvm_regs`. */
export interface Regs {
  /** RAX. */
  rax: bigint;
  /** RBX. */
  rbx: bigint;
  /** RCX. */
  rcx: bigint;
  /** RDX. */
  rdx: bigint;
  /** RSI. */
  rsi: bigint;
  /** RDI. */
  rdi: bigint;
  /** RSP. */
  rsp: bigint;
  /** RBP. */
  rbp: bigint;
  /** R8. */
  r8: bigint;
  /** R9. */
  r9: bigint;
  /** R10. */
  r10: bigint;
  /** R11. */
  r11: bigint;
  /** R12. */
  r12: bigint;
  /** R13. */
  r13: bigint;
  /** R14. */
  r14: bigint;
  /** R15. */
  r15: bigint;
  /** RIP. */
  rip: bigint;
  /** RFLAGS. */
  rflags: bigint;
}

/** A segment register with its descriptor cache: `struct kvm_segment`. */
export interface Segment {
  /** Linear address of the first byte. */
  base: bigint;
  /** Offset of the last byte. */
  limit: number;
  /** The selector. */
  selector: number;
  /** The type field of the descriptor. */
  type: number;
  /** Whether the segment is present. */
  present: number;
  /** Descriptor privilege level. */
  dpl: number;
  /** Default operation size: 1 for 32 bits. */
  db: number;
  /** 0 for a system segment, 1 for code or data. */
  s: number;
  /** 1 for 64-bit code. */
  l: number;
  /** 1 when the limit counts pages. */
  g: number;
  /** Free for software. */
  avl: number;
  /** 1 when VMX holds the segment unusable. */
  unusable: number;
}

/** GDTR or IDTR: `struct kvm_dtable`. */
export interface Dtable {
  /** Linear address of the table. */
  base: bigint;
  /** Offset of its last byte. */
  limit: number;
}

/** Segment and control registers, EFER and APIC base: `struct kvm_sregs`. */
export interface Sregs {
  /** CS. */
  cs: Segment;
  /** DS. */
  ds: Segment;
  /** ES. */
  es: Segment;
  /** FS. */
  fs: Segment;
  /** GS. */
  gs: Segment;
  /** SS. */
  ss: Segment;
  /** Task register. */
  tr: Segment;
  /** LDTR. */
  ldt: Segment;
  /** GDTR. */
  gdt: Dtable;
  /** IDTR. */
  idt: Dtable;
  /** CR0. */
  cr0: bigint;
  /** CR2. */
  cr2: bigint;
  /** CR3. */
  cr3: bigint;
  /** CR4. */
  cr4: bigint;
  /** CR8. */
  cr8: bigint;
  /** EFER. */
  efer: bigint;
  /** IA32_APIC_BASE. */
  apic_base: bigint;
  /** The pending external interrupt, one bit a vector. */
  interrupt_bitmap: readonly bigint[];
}
