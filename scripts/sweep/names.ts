/**
 * Names of MSRs: those of the library, and those that come in families.
 *
 * Source: SDM volume 4; APM volume 2, appendix A; Hyper-V TLFS.
 *
 * @module
 */
import { formatMsr } from "@trapline/trapline";

interface Family {
  readonly first: number;
  readonly last: number;
  /** The name of the member number `i`. */
  readonly name: (i: number) => string;
}

const numbered = (first: number, count: number, name: string): Family => ({
  first,
  last: first + count - 1,
  name: (i) => `${name}${i}`,
});

const single = (index: number, name: string): Family => ({
  first: index,
  last: index,
  name: () => name,
});

const BANK = ["CTL", "STATUS", "ADDR", "MISC"];
const STIMER = ["CONFIG", "COUNT"];

const X2APIC: Readonly<Record<number, string>> = {
  0x0a: "PPR",
  0x0d: "LDR",
  0x0f: "SIVR",
  0x28: "ESR",
  0x2f: "LVT_CMCI",
  0x30: "ICR",
  0x32: "LVT_TIMER",
  0x33: "LVT_THERMAL",
  0x34: "LVT_PMI",
  0x35: "LVT_LINT0",
  0x36: "LVT_LINT1",
  0x37: "LVT_ERROR",
  0x38: "INIT_COUNT",
  0x39: "CUR_COUNT",
  0x3e: "DIV_CONF",
};

const FAMILIES: readonly Family[] = [
  single(0x2a, "EBL_CR_POWERON"),
  single(0x34, "SMI_COUNT"),
  numbered(0x8c, 4, "IA32_SGXLEPUBKEYHASH"),
  single(0x9e, "IA32_SMBASE"),
  numbered(0xc1, 8, "IA32_PMC"),
  single(0xcd, "FSB_FREQ"),
  single(0xe1, "IA32_UMWAIT_CONTROL"),
  single(0x11e, "BBL_CR_CTL3"),
  single(0x122, "IA32_TSX_CTRL"),
  numbered(0x186, 8, "IA32_PERFEVTSEL"),
  single(0x199, "IA32_PERF_CTL"),
  single(0x1fc, "POWER_CTL"),
  {
    first: 0x200,
    last: 0x21f,
    name: (i) => `IA32_MTRR_PHYS${i % 2 === 0 ? "BASE" : "MASK"}${i >> 1}`,
  },
  single(0x250, "IA32_MTRR_FIX64K_00000"),
  { first: 0x258, last: 0x259, name: (i) => `IA32_MTRR_FIX16K_${i === 0 ? "80000" : "A0000"}` },
  {
    first: 0x268,
    last: 0x26f,
    name: (i) => `IA32_MTRR_FIX4K_${(0xc0000 + i * 0x8000).toString(16).toUpperCase()}`,
  },
  { first: 0x280, last: 0x29f, name: (i) => `IA32_MC${i}_CTL2` },
  numbered(0x309, 4, "IA32_FIXED_CTR"),
  single(0x345, "IA32_PERF_CAPABILITIES"),
  single(0x38d, "IA32_FIXED_CTR_CTRL"),
  single(0x38e, "IA32_PERF_GLOBAL_STATUS"),
  single(0x38f, "IA32_PERF_GLOBAL_CTRL"),
  single(0x390, "IA32_PERF_GLOBAL_OVF_CTRL"),
  single(0x3f1, "IA32_PEBS_ENABLE"),
  { first: 0x400, last: 0x47f, name: (i) => `IA32_MC${i >> 2}_${BANK[i & 3]}` },
  single(0x4d0, "IA32_MCG_EXT_CTL"),
  single(0x570, "IA32_RTIT_CTL"),
  single(0x600, "IA32_DS_AREA"),
  single(0x619, "DRAM_ENERGY_STATUS"),
  single(0x639, "PP0_ENERGY_STATUS"),
  single(0x641, "PP1_ENERGY_STATUS"),
  { first: 0x6a4, last: 0x6a7, name: (i) => `IA32_PL${i}_SSP` },
  { first: 0x810, last: 0x817, name: (i) => `X2APIC_ISR${i}` },
  { first: 0x818, last: 0x81f, name: (i) => `X2APIC_TMR${i}` },
  { first: 0x820, last: 0x827, name: (i) => `X2APIC_IRR${i}` },
  { first: 0x800, last: 0x8ff, name: (i) => `X2APIC_${X2APIC[i] ?? "reserved"}` },
  single(0xd90, "IA32_BNDCFGS"),
  single(0x4000_0003, "HV_X64_MSR_RESET"),
  single(0x4000_0010, "HV_X64_MSR_VP_RUNTIME"),
  single(0x4000_0022, "HV_X64_MSR_TSC_FREQUENCY"),
  single(0x4000_0023, "HV_X64_MSR_APIC_FREQUENCY"),
  single(0x4000_0070, "HV_X64_MSR_EOI"),
  single(0x4000_0071, "HV_X64_MSR_ICR"),
  single(0x4000_0072, "HV_X64_MSR_TPR"),
  single(0x4000_0073, "HV_X64_MSR_VP_ASSIST_PAGE"),
  single(0x4000_0080, "HV_X64_MSR_SCONTROL"),
  single(0x4000_0081, "HV_X64_MSR_SVERSION"),
  single(0x4000_0082, "HV_X64_MSR_SIEFP"),
  single(0x4000_0083, "HV_X64_MSR_SIMP"),
  single(0x4000_0084, "HV_X64_MSR_EOM"),
  numbered(0x4000_0090, 16, "HV_X64_MSR_SINT"),
  {
    first: 0x4000_00b0,
    last: 0x4000_00b7,
    name: (i) => `HV_X64_MSR_STIMER${i >> 1}_${STIMER[i & 1]}`,
  },
  single(0x4000_00f0, "HV_X64_MSR_GUEST_IDLE"),
  single(0x4000_00f1, "HV_X64_MSR_SYNDBG_CONTROL"),
  numbered(0x4000_0100, 5, "HV_X64_MSR_CRASH_P"),
  single(0x4000_0105, "HV_X64_MSR_CRASH_CTL"),
  single(0x4000_0106, "HV_X64_MSR_REENLIGHTENMENT_CONTROL"),
  single(0x4000_0107, "HV_X64_MSR_TSC_EMULATION_CONTROL"),
  single(0x4000_0108, "HV_X64_MSR_TSC_EMULATION_STATUS"),
  single(0x4000_0118, "HV_X64_MSR_TSC_INVARIANT_CONTROL"),
  single(0xc000_0300, "PERF_CNTR_GLOBAL_STATUS"),
  single(0xc000_0301, "PERF_CNTR_GLOBAL_CTL"),
  single(0xc000_0302, "PERF_CNTR_GLOBAL_STATUS_CLR"),
  single(0xc000_0303, "PERF_CNTR_GLOBAL_STATUS_SET"),
  numbered(0xc001_0000, 4, "K7_EVNTSEL"),
  numbered(0xc001_0004, 4, "K7_PERFCTR"),
  single(0xc001_001b, "K7_CLK_CTL"),
  single(0xc001_001f, "NB_CFG"),
  single(0xc001_0020, "PATCH_LOADER"),
  single(0xc001_0055, "K8_INT_PENDING_MSG"),
  single(0xc001_0058, "FAM10H_MMIO_CONF_BASE"),
  single(0xc001_0112, "K8_TSEG_ADDR"),
  single(0xc001_0113, "K8_TSEG_MASK"),
  single(0xc001_0115, "VM_IGNNE"),
  single(0xc001_011f, "VIRT_SPEC_CTRL"),
  single(0xc001_0130, "SEV_ES_GHCB"),
  {
    first: 0xc001_0200,
    last: 0xc001_020b,
    name: (i) => `F15H_PERF_${i % 2 === 0 ? "CTL" : "CTR"}${i >> 1}`,
  },
  single(0xc001_1021, "F15H_IC_CFG"),
  single(0xc001_1022, "DC_CFG"),
  single(0xc001_1023, "TW_CFG"),
  single(0xc001_102a, "BU_CFG2"),
  single(0xc001_102c, "F15H_EX_CFG"),
];

/** The name of an MSR, or `undefined` when none is known here. */
export function msrName(index: number): string | undefined {
  const [, name] = /^(\S+) \(/.exec(formatMsr(index)) ?? [];
  if (name !== undefined) return name;
  const family = FAMILIES.find(({ first, last }) => index >= first && index <= last);
  return family?.name(index - family.first);
}
