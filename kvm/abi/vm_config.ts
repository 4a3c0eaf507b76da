/**
 * The structures that set up a VM.
 *
 * @module
 */
import { struct, u32, u64, u8 } from "./struct.ts";

/** `struct kvm_userspace_memory_region`. */
export const KVM_USERSPACE_MEMORY_REGION = struct("kvm_userspace_memory_region", 32, {
  slot: u32(0),
  flags: u32(4),
  guest_phys_addr: u64(8),
  memory_size: u64(16),
  userspace_addr: u64(24),
});

/** The guest cannot write the slot; a write exits as MMIO. */
export const KVM_MEM_READONLY = 2;

/** `struct kvm_pit_config`. */
export const KVM_PIT_CONFIG = struct("kvm_pit_config", 64, { flags: u32(0) });

/** `struct kvm_irq_level`. */
export const KVM_IRQ_LEVEL = struct("kvm_irq_level", 8, { irq: u32(0), level: u32(4) });

/** `struct kvm_xen_hvm_config`. */
export const KVM_XEN_HVM_CONFIG = struct("kvm_xen_hvm_config", 56, {
  flags: u32(0),
  msr: u32(4),
  blob_addr_32: u64(8),
  blob_addr_64: u64(16),
  blob_size_32: u8(24),
  blob_size_64: u8(25),
});
