/**
 * Trapline: guests on real KVM, MSR filters under them, and assertions on what
 * user space and the guest each saw.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { guest, Kvm, Msr, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.enableUserSpaceMsr(["filter"]);
 * vm.setMsrFilter({
 *   default: "allow",
 *   ranges: [{ base: Msr.IA32_SYSENTER_CS, count: 1, deny: "read" }],
 * });
 * const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
 * session.next("X86_RDMSR").supply(0x2an);
 * assertEquals(session.finish().value, 0x2an);
 * ```
 *
 * @module
 */
export { CAP, type CapName } from "./kvm/abi/cap.ts";
export { ERRNO, type ErrnoName, errnoName } from "./kvm/abi/errno.ts";
export { EXIT_REASON, type ExitReasonName, formatExitReason } from "./kvm/abi/exit_reason.ts";
export type { FdKind, Ioctl } from "./kvm/abi/ioctl.ts";
export { IOCTL, type IoctlName } from "./kvm/abi/ioctls.ts";
export { formatMsr, Msr } from "./kvm/abi/msr.ts";
export {
  KVM_MSR_EXIT_REASON_FILTER,
  KVM_MSR_EXIT_REASON_INVAL,
  KVM_MSR_EXIT_REASON_UNKNOWN,
  KVM_MSR_FILTER_DEFAULT_ALLOW,
  KVM_MSR_FILTER_DEFAULT_DENY,
  KVM_MSR_FILTER_MAX_BITMAP_SIZE,
  KVM_MSR_FILTER_MAX_RANGES,
  KVM_MSR_FILTER_READ,
  KVM_MSR_FILTER_WRITE,
} from "./kvm/abi/msr_filter.ts";
export type { CpuidEntry } from "./kvm/cpuid.ts";
export { encodeRawEnableCap, type RawEnableCap } from "./kvm/enable_cap.ts";
export * from "./kvm/errors.ts";
export {
  type DebugExit,
  type DecodedName,
  type ExceptionExit,
  type Exit,
  type ExitName,
  type ExitOf,
  type FailEntryExit,
  formatExit,
  type HypercallExit,
  type InternalErrorExit,
  type PlainExit,
  type SystemEventExit,
  type UnknownExit,
  type UnnamedExit,
} from "./kvm/exit.ts";
export type { GuestMemory, MemorySlot, MemorySlotChange } from "./kvm/guest_memory.ts";
export { type Host, type KvmModule, readHost } from "./kvm/host.ts";
export { type Census, takeCensus } from "./kvm/census.ts";
export { BorrowedHandle } from "./kvm/borrowed_handle.ts";
export type { Handle, IoctlArgument, RawResult } from "./kvm/handle.ts";
export { HostMemory } from "./kvm/host_memory.ts";
export type { IoExit, MmioExit } from "./kvm/io_exit.ts";
export { Kvm } from "./kvm/kvm.ts";
export { msrBitmap, msrBitmapSize } from "./kvm/msr_bitmap.ts";
export type { MsrAnswer, MsrExit, RdmsrExit, WrmsrExit } from "./kvm/msr_exit.ts";
export { MSR_EXIT_REASONS, type MsrExitReason, msrExitReasonMask } from "./kvm/msr_exit_reason.ts";
export {
  type EncodedMsrFilter,
  encodeRawMsrFilter,
  MAX_MSRS_PER_RANGE,
  type MsrAccessKind,
  MsrFilter,
  type MsrFilterSpec,
  type MsrRange,
  type MsrSpan,
  type RawMsrFilter,
  type RawMsrRange,
} from "./kvm/msr_filter.ts";
export type { MsrValue } from "./kvm/msrs.ts";
export { kvmRunOffset } from "./kvm/run_page.ts";
export type { Stats } from "./kvm/stats.ts";
export type { SyncRegs, SyncRegSet } from "./kvm/sync_regs.ts";
export {
  type DebugRegs,
  type Dtable,
  type MpState,
  type Regs,
  type RunOptions,
  type Segment,
  type Sregs,
  type Vcpu,
  type VcpuEvents,
} from "./kvm/vcpu.ts";
export type { Vm } from "./kvm/vm.ts";

export {
  asm16,
  asm32,
  asm64,
  type AsmSource,
  type AsmValue,
  assemble,
  type AssembleOptions,
  Assembly,
  type Bitness,
  disassemble,
  disassembleAround,
  type DisassembleAroundOptions,
  type DisassembledLine,
  type DisassembleOptions,
} from "./guests/asm/mod.ts";
export * from "./guests/assert.ts";
export { type Describable, GuestAssertionError } from "./guests/assertion_error.ts";
export type { GuestMode } from "./guests/boot/mode.ts";
export { withForcedEmulation } from "./guests/forced_emulation.ts";
export { bootHypervisor } from "./guests/nested/boot_hypervisor.ts";
export { Hypervisor } from "./guests/nested/hypervisor.ts";
export { type NestedKind, nestedKind } from "./guests/nested/nested_kind.ts";
export { SvmHypervisor } from "./guests/nested/svm_hypervisor.ts";
export type {
  VmcbFields,
  VmcbNumberName,
  VmcbQuadName,
  VmcbSegment,
  VmcbSegmentName,
} from "./guests/nested/vmcb.ts";
export { VMCS, type VmcsField, type VmcsFields } from "./guests/nested/vmcs.ts";
export { type VmxExit, VmxHypervisor } from "./guests/nested/vmx_hypervisor.ts";
export type { MsrListName } from "./guests/nested/vmx_msr_lists.ts";
export {
  type Fault,
  formatFault,
  type GuestRegister,
  type Observation,
} from "./guests/observation.ts";
export { type AccessOptions, guest } from "./guests/programs.ts";
export { type MsrHandlers, Session, type SessionOptions } from "./guests/session.ts";
export type { Transcript } from "./guests/transcript.ts";
export { formatVector, GP } from "./guests/vector.ts";
export {
  type AccessFault,
  type AccessOutcome,
  instructionLabel,
  type MsrAccess,
  type WalkedAccess,
} from "./guests/walker.ts";
export type { AnsweredExits } from "./guests/threads/control.ts";
export { GuestThread, type ThreadHandlers } from "./guests/threads/guest_thread.ts";
export { GuestThreads } from "./guests/threads/guest_threads.ts";
export type { MsrAnswers } from "./guests/threads/msr_answers.ts";
export { VcpuThreadError } from "./guests/threads/thread_error.ts";
export { type ThreadRunOptions, VcpuThread } from "./guests/threads/vcpu_thread.ts";
