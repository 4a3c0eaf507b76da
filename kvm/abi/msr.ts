/**
 * MSR indices by name (SDM volume 4, APM volume 2 appendix A, kernel
 * `Documentation/virt/kvm/x86/msr.rst`, Hyper-V TLFS).
 *
 * @module
 */

/** MSR indices by name. */
export const Msr = {
  IA32_P5_MC_ADDR: 0x0,
  IA32_P5_MC_TYPE: 0x1,
  IA32_TSC: 0x10,
  KVM_WALL_CLOCK: 0x11,
  KVM_SYSTEM_TIME: 0x12,
  IA32_PLATFORM_ID: 0x17,
  IA32_APIC_BASE: 0x1b,
  CORE_THREAD_COUNT: 0x35,
  IA32_FEAT_CTL: 0x3a,
  IA32_TSC_ADJUST: 0x3b,
  IA32_SPEC_CTRL: 0x48,
  IA32_PRED_CMD: 0x49,
  IA32_BIOS_UPDT_TRIG: 0x79,
  IA32_BIOS_SIGN_ID: 0x8b,
  PLATFORM_INFO: 0xce,
  IA32_MPERF: 0xe7,
  IA32_APERF: 0xe8,
  IA32_MTRRCAP: 0xfe,
  IA32_ARCH_CAPABILITIES: 0x10a,
  IA32_FLUSH_CMD: 0x10b,
  MISC_FEATURES_ENABLES: 0x140,
  IA32_SYSENTER_CS: 0x174,
  IA32_SYSENTER_ESP: 0x175,
  IA32_SYSENTER_EIP: 0x176,
  IA32_MCG_CAP: 0x179,
  IA32_MCG_STATUS: 0x17a,
  IA32_MCG_CTL: 0x17b,
  IA32_PERF_STATUS: 0x198,
  IA32_MISC_ENABLE: 0x1a0,
  IA32_XFD: 0x1c4,
  IA32_XFD_ERR: 0x1c5,
  IA32_DEBUGCTL: 0x1d9,
  LAST_BRANCH_FROM_IP: 0x1db,
  LAST_BRANCH_TO_IP: 0x1dc,
  LAST_INT_FROM_IP: 0x1dd,
  LAST_INT_TO_IP: 0x1de,
  IA32_MTRR_PHYSBASE0: 0x200,
  IA32_MTRR_PHYSMASK0: 0x201,
  IA32_PAT: 0x277,
  IA32_MTRR_DEF_TYPE: 0x2ff,
  IA32_MC0_CTL: 0x400,
  IA32_MC0_STATUS: 0x401,
  IA32_VMX_BASIC: 0x480,
  RAPL_POWER_UNIT: 0x606,
  PKG_POWER_LIMIT: 0x610,
  PKG_ENERGY_STATUS: 0x611,
  PKG_POWER_INFO: 0x614,
  IA32_U_CET: 0x6a0,
  IA32_S_CET: 0x6a2,
  IA32_PL0_SSP: 0x6a4,
  IA32_TSC_DEADLINE: 0x6e0,
  X2APIC_ID: 0x802,
  X2APIC_VERSION: 0x803,
  X2APIC_TPR: 0x808,
  X2APIC_EOI: 0x80b,
  X2APIC_SELF_IPI: 0x83f,
  IA32_XSS: 0xda0,
  HV_X64_MSR_GUEST_OS_ID: 0x40000000,
  HV_X64_MSR_HYPERCALL: 0x40000001,
  HV_X64_MSR_VP_INDEX: 0x40000002,
  HV_X64_MSR_TIME_REF_COUNT: 0x40000020,
  HV_X64_MSR_REFERENCE_TSC: 0x40000021,
  KVM_WALL_CLOCK_NEW: 0x4b564d00,
  KVM_SYSTEM_TIME_NEW: 0x4b564d01,
  KVM_ASYNC_PF_EN: 0x4b564d02,
  KVM_STEAL_TIME: 0x4b564d03,
  KVM_PV_EOI_EN: 0x4b564d04,
  KVM_POLL_CONTROL: 0x4b564d05,
  KVM_ASYNC_PF_INT: 0x4b564d06,
  KVM_ASYNC_PF_ACK: 0x4b564d07,
  KVM_MIGRATION_CONTROL: 0x4b564d08,
  EFER: 0xc0000080,
  STAR: 0xc0000081,
  LSTAR: 0xc0000082,
  CSTAR: 0xc0000083,
  SYSCALL_MASK: 0xc0000084,
  FS_BASE: 0xc0000100,
  GS_BASE: 0xc0000101,
  KERNEL_GS_BASE: 0xc0000102,
  TSC_AUX: 0xc0000103,
  AMD64_TSC_RATIO: 0xc0000104,
  AMD64_SYSCFG: 0xc0010010,
  K7_HWCR: 0xc0010015,
  AMD64_VM_CR: 0xc0010114,
  VM_HSAVE_PA: 0xc0010117,
  AMD64_OSVW_ID_LENGTH: 0xc0010140,
  AMD64_OSVW_STATUS: 0xc0010141,
  AMD64_DE_CFG: 0xc0011029,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Msr).map(([name, index]) => [index, name]),
);

/**
 * `IA32_SYSENTER_CS (0x174)`, or `0xdeadbeef` for an index with no name here.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatMsr } from "@trapline/trapline";
 *
 * assertEquals(formatMsr(0x174), "IA32_SYSENTER_CS (0x174)");
 * ```
 */
export function formatMsr(index: number): string {
  const hex = `0x${index.toString(16)}`;
  const name = NAMES.get(index);
  return name === undefined ? hex : `${name} (${hex})`;
}
