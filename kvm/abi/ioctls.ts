/**
 * The ioctls of KVM that Trapline calls, one line each (api.rst section 4).
 *
 * @module
 */
import { type Ioctl, kvmIoctl } from "./ioctl.ts";
import { KVM_CPUID2, KVM_ENABLE_CAP_ARGS, KVM_MSR_LIST, KVM_MSRS } from "./lists.ts";
import { KVM_MSR_FILTER } from "./msr_filter.ts";
import { KVM_REGS, KVM_SREGS } from "./regs.ts";
import {
  KVM_DEBUGREGS,
  KVM_GUEST_DEBUG,
  KVM_INTERRUPT,
  KVM_LAPIC_STATE,
  KVM_MP_STATE,
  KVM_SIGNAL_MASK,
  KVM_VCPU_EVENTS,
} from "./vcpu_state.ts";
import {
  KVM_IRQ_LEVEL,
  KVM_PIT_CONFIG,
  KVM_USERSPACE_MEMORY_REGION,
  KVM_XEN_HVM_CONFIG,
} from "./vm_config.ts";

const U64 = { size: 8 };

/** The name of an ioctl, without `KVM_`. */
export type IoctlName =
  | "GET_API_VERSION"
  | "CREATE_VM"
  | "GET_MSR_INDEX_LIST"
  | "CHECK_EXTENSION"
  | "GET_VCPU_MMAP_SIZE"
  | "GET_SUPPORTED_CPUID"
  | "GET_EMULATED_CPUID"
  | "GET_MSR_FEATURE_INDEX_LIST"
  | "CREATE_VCPU"
  | "SET_USER_MEMORY_REGION"
  | "SET_TSS_ADDR"
  | "SET_IDENTITY_MAP_ADDR"
  | "CREATE_IRQCHIP"
  | "IRQ_LINE"
  | "CREATE_PIT2"
  | "XEN_HVM_CONFIG"
  | "RUN"
  | "GET_REGS"
  | "SET_REGS"
  | "GET_SREGS"
  | "SET_SREGS"
  | "INTERRUPT"
  | "GET_MSRS"
  | "SET_MSRS"
  | "SET_SIGNAL_MASK"
  | "GET_LAPIC"
  | "SET_LAPIC"
  | "SET_CPUID2"
  | "GET_CPUID2"
  | "GET_MP_STATE"
  | "SET_MP_STATE"
  | "NMI"
  | "SET_GUEST_DEBUG"
  | "GET_VCPU_EVENTS"
  | "SET_VCPU_EVENTS"
  | "GET_DEBUGREGS"
  | "SET_DEBUGREGS"
  | "ENABLE_CAP"
  | "SMI"
  | "X86_SET_MSR_FILTER"
  | "GET_STATS_FD";

/** Every ioctl of KVM that Trapline calls, by C name without `KVM_`. */
export const IOCTL: Readonly<Record<IoctlName, Ioctl>> = {
  GET_API_VERSION: kvmIoctl("KVM_GET_API_VERSION", 0x00, ["system"]),
  CREATE_VM: kvmIoctl("KVM_CREATE_VM", 0x01, ["system"]),
  GET_MSR_INDEX_LIST: kvmIoctl("KVM_GET_MSR_INDEX_LIST", 0x02, ["system"], "both", KVM_MSR_LIST),
  CHECK_EXTENSION: kvmIoctl("KVM_CHECK_EXTENSION", 0x03, ["system", "vm"]),
  GET_VCPU_MMAP_SIZE: kvmIoctl("KVM_GET_VCPU_MMAP_SIZE", 0x04, ["system"]),
  GET_SUPPORTED_CPUID: kvmIoctl("KVM_GET_SUPPORTED_CPUID", 0x05, ["system"], "both", KVM_CPUID2),
  GET_EMULATED_CPUID: kvmIoctl("KVM_GET_EMULATED_CPUID", 0x09, ["system"], "both", KVM_CPUID2),
  GET_MSR_FEATURE_INDEX_LIST: kvmIoctl(
    "KVM_GET_MSR_FEATURE_INDEX_LIST",
    0x0a,
    ["system"],
    "both",
    KVM_MSR_LIST,
  ),
  CREATE_VCPU: kvmIoctl("KVM_CREATE_VCPU", 0x41, ["vm"]),
  SET_USER_MEMORY_REGION: kvmIoctl(
    "KVM_SET_USER_MEMORY_REGION",
    0x46,
    ["vm"],
    "write",
    KVM_USERSPACE_MEMORY_REGION,
  ),
  SET_TSS_ADDR: kvmIoctl("KVM_SET_TSS_ADDR", 0x47, ["vm"]),
  SET_IDENTITY_MAP_ADDR: kvmIoctl("KVM_SET_IDENTITY_MAP_ADDR", 0x48, ["vm"], "write", U64),
  CREATE_IRQCHIP: kvmIoctl("KVM_CREATE_IRQCHIP", 0x60, ["vm"]),
  IRQ_LINE: kvmIoctl("KVM_IRQ_LINE", 0x61, ["vm"], "write", KVM_IRQ_LEVEL),
  CREATE_PIT2: kvmIoctl("KVM_CREATE_PIT2", 0x77, ["vm"], "write", KVM_PIT_CONFIG),
  XEN_HVM_CONFIG: kvmIoctl("KVM_XEN_HVM_CONFIG", 0x7a, ["vm"], "write", KVM_XEN_HVM_CONFIG),
  RUN: kvmIoctl("KVM_RUN", 0x80, ["vcpu"]),
  GET_REGS: kvmIoctl("KVM_GET_REGS", 0x81, ["vcpu"], "read", KVM_REGS),
  SET_REGS: kvmIoctl("KVM_SET_REGS", 0x82, ["vcpu"], "write", KVM_REGS),
  GET_SREGS: kvmIoctl("KVM_GET_SREGS", 0x83, ["vcpu"], "read", KVM_SREGS),
  SET_SREGS: kvmIoctl("KVM_SET_SREGS", 0x84, ["vcpu"], "write", KVM_SREGS),
  INTERRUPT: kvmIoctl("KVM_INTERRUPT", 0x86, ["vcpu"], "write", KVM_INTERRUPT),
  GET_MSRS: kvmIoctl("KVM_GET_MSRS", 0x88, ["system", "vcpu"], "both", KVM_MSRS),
  SET_MSRS: kvmIoctl("KVM_SET_MSRS", 0x89, ["vcpu"], "write", KVM_MSRS),
  SET_SIGNAL_MASK: kvmIoctl("KVM_SET_SIGNAL_MASK", 0x8b, ["vcpu"], "write", KVM_SIGNAL_MASK),
  GET_LAPIC: kvmIoctl("KVM_GET_LAPIC", 0x8e, ["vcpu"], "read", KVM_LAPIC_STATE),
  SET_LAPIC: kvmIoctl("KVM_SET_LAPIC", 0x8f, ["vcpu"], "write", KVM_LAPIC_STATE),
  SET_CPUID2: kvmIoctl("KVM_SET_CPUID2", 0x90, ["vcpu"], "write", KVM_CPUID2),
  GET_CPUID2: kvmIoctl("KVM_GET_CPUID2", 0x91, ["vcpu"], "both", KVM_CPUID2),
  GET_MP_STATE: kvmIoctl("KVM_GET_MP_STATE", 0x98, ["vcpu"], "read", KVM_MP_STATE),
  SET_MP_STATE: kvmIoctl("KVM_SET_MP_STATE", 0x99, ["vcpu"], "write", KVM_MP_STATE),
  NMI: kvmIoctl("KVM_NMI", 0x9a, ["vcpu"]),
  SET_GUEST_DEBUG: kvmIoctl("KVM_SET_GUEST_DEBUG", 0x9b, ["vcpu"], "write", KVM_GUEST_DEBUG),
  GET_VCPU_EVENTS: kvmIoctl("KVM_GET_VCPU_EVENTS", 0x9f, ["vcpu"], "read", KVM_VCPU_EVENTS),
  SET_VCPU_EVENTS: kvmIoctl("KVM_SET_VCPU_EVENTS", 0xa0, ["vcpu"], "write", KVM_VCPU_EVENTS),
  GET_DEBUGREGS: kvmIoctl("KVM_GET_DEBUGREGS", 0xa1, ["vcpu"], "read", KVM_DEBUGREGS),
  SET_DEBUGREGS: kvmIoctl("KVM_SET_DEBUGREGS", 0xa2, ["vcpu"], "write", KVM_DEBUGREGS),
  ENABLE_CAP: kvmIoctl("KVM_ENABLE_CAP", 0xa3, ["vm", "vcpu"], "write", KVM_ENABLE_CAP_ARGS),
  SMI: kvmIoctl("KVM_SMI", 0xb7, ["vcpu"]),
  X86_SET_MSR_FILTER: kvmIoctl("KVM_X86_SET_MSR_FILTER", 0xc6, ["vm"], "write", KVM_MSR_FILTER),
  GET_STATS_FD: kvmIoctl("KVM_GET_STATS_FD", 0xce, ["vm", "vcpu"]),
};
