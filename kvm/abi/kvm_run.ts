/**
 * `struct kvm_run`, the page a vCPU shares with user space (api.rst section 5).
 *
 * @module
 */
import { KVM_REGS, KVM_SREGS } from "./regs.ts";
import { bytes, nested, struct, u16, u32, u64, u64s, u8 } from "./struct.ts";
import { KVM_VCPU_EVENTS } from "./vcpu_state.ts";

/** `struct kvm_run`; union arms as C paths. */
export const KVM_RUN = struct("kvm_run", 2352, {
  request_interrupt_window: u8(0),
  immediate_exit: u8(1),
  exit_reason: u32(8),
  ready_for_interrupt_injection: u8(12),
  if_flag: u8(13),
  flags: u16(14),
  cr8: u64(16),
  apic_base: u64(24),
  "hw.hardware_exit_reason": u64(32),
  "fail_entry.hardware_entry_failure_reason": u64(32),
  "fail_entry.cpu": u32(40),
  "ex.exception": u32(32),
  "ex.error_code": u32(36),
  "io.direction": u8(32),
  "io.size": u8(33),
  "io.port": u16(34),
  "io.count": u32(36),
  "io.data_offset": u64(40),
  "debug.arch.exception": u32(32),
  "debug.arch.pc": u64(40),
  "debug.arch.dr6": u64(48),
  "debug.arch.dr7": u64(56),
  "mmio.phys_addr": u64(32),
  "mmio.data": bytes(40, 8),
  "mmio.len": u32(48),
  "mmio.is_write": u8(52),
  "hypercall.nr": u64(32),
  "hypercall.args": u64s(40, 6),
  "hypercall.ret": u64(88),
  "internal.suberror": u32(32),
  "internal.ndata": u32(36),
  "internal.data": u64s(40, 16),
  "system_event.type": u32(32),
  "system_event.ndata": u32(36),
  "system_event.data": u64s(40, 16),
  "eoi.vector": u8(32),
  "msr.error": u8(32),
  "msr.pad": bytes(33, 7),
  "msr.reason": u32(40),
  "msr.index": u32(44),
  "msr.data": u64(48),
  "notify.flags": u32(32),
  kvm_valid_regs: u64(288),
  kvm_dirty_regs: u64(296),
  "s.regs": bytes(304, 520),
});

/** `struct kvm_sync_regs`, at `s.regs` of `kvm_run`. */
export const KVM_SYNC_REGS = struct("kvm_sync_regs", 520, {
  regs: nested(0, KVM_REGS),
  sregs: nested(144, KVM_SREGS),
  events: nested(456, KVM_VCPU_EVENTS),
});

/** `kvm_valid_regs` and `kvm_dirty_regs`: general registers. */
export const KVM_SYNC_X86_REGS = 1;
/** `kvm_valid_regs` and `kvm_dirty_regs`: special registers. */
export const KVM_SYNC_X86_SREGS = 2;
/** `kvm_valid_regs` and `kvm_dirty_regs`: vCPU events. */
export const KVM_SYNC_X86_EVENTS = 4;

/** `io.direction`: the guest reads the port. */
export const KVM_EXIT_IO_IN = 0;
/** `io.direction`: the guest writes the port. */
export const KVM_EXIT_IO_OUT = 1;
