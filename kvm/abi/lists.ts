/**
 * Structures that head a list, and the entries that follow them.
 *
 * @module
 */
import { struct, u32, u64, u64s } from "./struct.ts";

/** `struct kvm_msr_list`; `nmsrs` indices of 4 bytes follow. */
export const KVM_MSR_LIST = struct("kvm_msr_list", 4, { nmsrs: u32(0) });

/** `struct kvm_msrs`; `nmsrs` entries follow. */
export const KVM_MSRS = struct("kvm_msrs", 8, { nmsrs: u32(0) });

/** `struct kvm_msr_entry`. */
export const KVM_MSR_ENTRY = struct("kvm_msr_entry", 16, { index: u32(0), data: u64(8) });

/** `struct kvm_cpuid2`; `nent` entries follow. */
export const KVM_CPUID2 = struct("kvm_cpuid2", 8, { nent: u32(0) });

/** `struct kvm_cpuid_entry2`. */
export const KVM_CPUID_ENTRY2 = struct("kvm_cpuid_entry2", 40, {
  function: u32(0),
  index: u32(4),
  flags: u32(8),
  eax: u32(12),
  ebx: u32(16),
  ecx: u32(20),
  edx: u32(24),
});

/** `struct kvm_enable_cap`. */
export const KVM_ENABLE_CAP_ARGS = struct("kvm_enable_cap", 104, {
  cap: u32(0),
  flags: u32(4),
  args: u64s(8, 4),
});

/** One CPUID leaf: `struct kvm_cpuid_entry2`. */
export interface CpuidEntry {
  /** The leaf, EAX on entry. */
  function: number;
  /** The subleaf, ECX on entry. */
  index: number;
  /** `KVM_CPUID_FLAG_*`; 1 when the subleaf counts. */
  flags: number;
  /** EAX on return. */
  eax: number;
  /** EBX on return. */
  ebx: number;
  /** ECX on return. */
  ecx: number;
  /** EDX on return. */
  edx: number;
}
