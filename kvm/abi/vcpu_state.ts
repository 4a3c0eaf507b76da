/**
 * The structures that carry a vCPU's state beside its registers.
 *
 * @module
 */
import { bytes, struct, u32, u64, u64s, u8 } from "./struct.ts";

/** `struct kvm_vcpu_events`. */
export const KVM_VCPU_EVENTS = struct("kvm_vcpu_events", 64, {
  "exception.injected": u8(0),
  "exception.nr": u8(1),
  "exception.has_error_code": u8(2),
  "exception.pending": u8(3),
  "exception.error_code": u32(4),
  "interrupt.injected": u8(8),
  "interrupt.nr": u8(9),
  "interrupt.soft": u8(10),
  "interrupt.shadow": u8(11),
  "nmi.injected": u8(12),
  "nmi.pending": u8(13),
  "nmi.masked": u8(14),
  sipi_vector: u32(16),
  flags: u32(20),
  "smi.smm": u8(24),
  "smi.pending": u8(25),
  "smi.smm_inside_nmi": u8(26),
  "smi.latched_init": u8(27),
  "triple_fault.pending": u8(28),
  exception_has_payload: u8(55),
  exception_payload: u64(56),
});

/** `struct kvm_mp_state`. */
export const KVM_MP_STATE = struct("kvm_mp_state", 4, { mp_state: u32(0) });

/** `struct kvm_debugregs`. */
export const KVM_DEBUGREGS = struct("kvm_debugregs", 128, {
  db: u64s(0, 4),
  dr6: u64(32),
  dr7: u64(40),
  flags: u64(48),
});

/** `struct kvm_lapic_state`: the 1 KiB register page. */
export const KVM_LAPIC_STATE = struct("kvm_lapic_state", 1024, { regs: bytes(0, 1024) });

/** `struct kvm_guest_debug`. */
export const KVM_GUEST_DEBUG = struct("kvm_guest_debug", 72, {
  control: u32(0),
  "arch.debugreg": u64s(8, 8),
});

/** `struct kvm_interrupt`. */
export const KVM_INTERRUPT = struct("kvm_interrupt", 4, { irq: u32(0) });

/** `struct kvm_signal_mask`; `len` bytes of `sigset` follow. */
export const KVM_SIGNAL_MASK = struct("kvm_signal_mask", 4, { len: u32(0) });

/** Guest debugging is on. */
export const KVM_GUESTDBG_ENABLE = 1;
/** One instruction an entry, then `KVM_EXIT_DEBUG`. */
export const KVM_GUESTDBG_SINGLESTEP = 2;

/** `kvm_vcpu_events.flags`: `nmi.pending` is meant. */
export const KVM_VCPUEVENT_VALID_NMI_PENDING = 1;
/** `kvm_vcpu_events.flags`: `sipi_vector` is meant. */
export const KVM_VCPUEVENT_VALID_SIPI_VECTOR = 2;
/** `kvm_vcpu_events.flags`: `interrupt.shadow` is meant. */
export const KVM_VCPUEVENT_VALID_SHADOW = 4;
/** `kvm_vcpu_events.flags`: `smi` is meant. */
export const KVM_VCPUEVENT_VALID_SMM = 8;

/** `KVM_MP_STATE_*` without its prefix. */
export type MpState = "RUNNABLE" | "UNINITIALIZED" | "INIT_RECEIVED" | "HALTED" | "SIPI_RECEIVED";

/** The names of `kvm_mp_state.mp_state`. */
export const KVM_MP_STATE_NAMES: readonly MpState[] = [
  "RUNNABLE",
  "UNINITIALIZED",
  "INIT_RECEIVED",
  "HALTED",
  "SIPI_RECEIVED",
];

/** Pending and injected events: `struct kvm_vcpu_events`, by C path. */
export interface VcpuEvents {
  /** An exception is being delivered. */
  "exception.injected": number;
  /** Its vector. */
  "exception.nr": number;
  /** Whether it pushes an error code. */
  "exception.has_error_code": number;
  /** An exception waits; kept apart from `injected` under `KVM_CAP_EXCEPTION_PAYLOAD`. */
  "exception.pending": number;
  /** Its error code. */
  "exception.error_code": number;
  /** An interrupt is being delivered. */
  "interrupt.injected": number;
  /** Its vector. */
  "interrupt.nr": number;
  /** Whether INT n raised it. */
  "interrupt.soft": number;
  /** `KVM_X86_SHADOW_INT_*`: after STI or MOV SS. */
  "interrupt.shadow": number;
  /** An NMI is being delivered. */
  "nmi.injected": number;
  /** An NMI waits. */
  "nmi.pending": number;
  /** NMIs are blocked. */
  "nmi.masked": number;
  /** Vector of a start-up IPI. */
  sipi_vector: number;
  /** `KVM_VCPUEVENT_VALID_*`: which of the optional fields count. */
  flags: number;
  /** The vCPU is in system management mode. */
  "smi.smm": number;
  /** An SMI waits. */
  "smi.pending": number;
  /** The SMI came inside an NMI. */
  "smi.smm_inside_nmi": number;
  /** An INIT waits for the end of SMM. */
  "smi.latched_init": number;
  /** A triple fault waits. */
  "triple_fault.pending": number;
  /** Whether `exception_payload` counts. */
  exception_has_payload: number;
  /** CR2 or DR6 of a pending exception. */
  exception_payload: bigint;
}

/** Debug registers: `struct kvm_debugregs`. */
export interface DebugRegs {
  /** DR0 to DR3. */
  db: readonly bigint[];
  /** DR6. */
  dr6: bigint;
  /** DR7. */
  dr7: bigint;
  /** Must be zero. */
  flags: bigint;
}
