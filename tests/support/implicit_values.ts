/**
 * The instructions that read or write the value of an MSR without naming it in
 * ECX, each with a guest that shows the value (SDM volume 2, APM volume 3, the
 * instructions' pages).
 *
 * @module
 */
import { asm64, GP, Msr, type Session } from "@trapline/trapline";
import { all, type Check, hex, type ImplicitUse, implicitUse, registers } from "./implicit_use.ts";

const FSGSBASE = 1n << 16n;

const AUX = 0x5a3c_9617n;
const TSC = 1n << 60n;
/** Free memory of the guest, which is the first of its VM. */
const AREA = [0x2_0000, 0x2_1000] as const;
const AREA_VALUES = [0x1111_2222_3333_4444n, 0x5555_6666_7777_8888n] as const;
const COUNT = 0x1234_5678n;

function setAux({ vcpu }: Session): void {
  vcpu.setMsrs([[Msr.TSC_AUX, AUX]]);
}

/** The guest's time lies between two looks of the host; some KVMs keep it at the host's own. */
function sinceNow({ vcpu }: Session): Check {
  vcpu.setMsrs([[Msr.IA32_TSC, TSC]]);
  const before = vcpu.getMsr(Msr.IA32_TSC);
  return ({ value }) => {
    const after = vcpu.getMsr(Msr.IA32_TSC);
    if (before <= value && value <= after) return undefined;
    return `EDX:EAX ${hex(value)} instead of one from ${hex(before)} to ${hex(after)}`;
  };
}

function setBases({ vm, vcpu }: Session): void {
  AREA.forEach((address, i) => vm.memory.view(address, 8).setBigUint64(0, AREA_VALUES[i]!, true));
  const at = BigInt(AREA[0]);
  const { fs, gs, ...sregs } = vcpu.sregs();
  const cr4 = sregs.cr4 | FSGSBASE;
  vcpu.setSregs({ ...sregs, cr4, fs: { ...fs, base: at }, gs: { ...gs, base: at } });
}

/** RDPID, which reads TSC_AUX. */
export const RDPID: ImplicitUse = implicitUse(
  "RDPID",
  [Msr.TSC_AUX],
  (prefix) =>
    asm64`
    mov rax, -1
    ${prefix}
    rdpid rax
    jmp finish`,
  (session) => {
    setAux(session);
    return registers({ rax: AUX });
  },
);

/** RDTSC and RDTSCP, which read the TSC, and RDTSCP also TSC_AUX. */
export const TIMESTAMPS: readonly ImplicitUse[] = [
  implicitUse(
    "RDTSC",
    [Msr.IA32_TSC],
    (prefix) =>
      asm64`
    ${prefix}
    rdtsc
    jmp finish`,
    sinceNow,
  ),
  implicitUse(
    "RDTSCP",
    [Msr.IA32_TSC, Msr.TSC_AUX],
    (prefix) =>
      asm64`
    mov rcx, -1
    ${prefix}
    rdtscp
    jmp finish`,
    (session) => {
      setAux(session);
      return all(sinceNow(session), registers({ rcx: AUX }));
    },
  ),
];

type SegmentName = "fs" | "gs";

function readBase(segment: SegmentName, index: number): ImplicitUse {
  return implicitUse(
    `RD${segment.toUpperCase()}BASE`,
    [index],
    (prefix) =>
      asm64`
    ${prefix}
    rd${segment}base rax
    jmp finish`,
    (session) => {
      setBases(session);
      return registers({ rax: BigInt(AREA[0]) });
    },
  );
}

function writeBase(segment: SegmentName, index: number): ImplicitUse {
  return implicitUse(
    `WR${segment.toUpperCase()}BASE`,
    [index],
    (prefix) =>
      asm64`
    mov rbx, ${segment}:[0]
    mov rcx, ${AREA[1]}
    ${prefix}
    wr${segment}base rcx
    mov rax, ${segment}:[0]
    jmp finish`,
    (session) => {
      setBases(session);
      return all(registers({ rbx: AREA_VALUES[0], rax: AREA_VALUES[1] }), () => {
        const { base } = session.vcpu.sregs()[segment];
        const wanted = BigInt(AREA[1]);
        return base === wanted ? undefined : `base ${hex(base)} instead of ${hex(wanted)}`;
      });
    },
  );
}

/** SWAPGS, and the instructions that read and write the bases of FS and GS. */
export const SEGMENT_BASES: readonly ImplicitUse[] = [
  implicitUse(
    "SWAPGS",
    [Msr.GS_BASE, Msr.KERNEL_GS_BASE],
    (prefix) =>
      asm64`
    mov rbx, gs:[0]
    ${prefix}
    swapgs
    mov rax, gs:[0]
    jmp finish`,
    (session) => {
      setBases(session);
      session.vcpu.setMsrs([[Msr.KERNEL_GS_BASE, BigInt(AREA[1])]]);
      return all(registers({ rbx: AREA_VALUES[0], rax: AREA_VALUES[1] }), () => {
        const other = session.vcpu.getMsr(Msr.KERNEL_GS_BASE);
        const wanted = BigInt(AREA[0]);
        return other === wanted ? undefined : `KERNEL_GS_BASE ${hex(other)} not ${hex(wanted)}`;
      });
    },
  ),
  readBase("fs", Msr.FS_BASE),
  writeBase("fs", Msr.FS_BASE),
  readBase("gs", Msr.GS_BASE),
  writeBase("gs", Msr.GS_BASE),
];

function readCounter(vendor: string, index: number): ImplicitUse {
  return implicitUse(
    `RDPMC of an ${vendor} counter`,
    [index],
    (prefix) =>
      asm64`
    mov ecx, 0
    ${prefix}
    rdpmc
    jmp finish`,
    ({ vcpu }) => {
      vcpu.setMsrs([[index, COUNT]]);
      return registers({ rax: COUNT, rdx: 0n });
    },
  );
}

/** RDPMC, which reads a performance counter; each vendor's has an MSR of its own. */
export const COUNTERS: readonly ImplicitUse[] = [
  readCounter("Intel", 0xc1),
  readCounter("AMD", 0xc001_0004),
];

const CPUID_FAULT = 1n;

/** CPUID in ring 3, which raises #GP where MISC_FEATURES_ENABLES says so. */
export const CPUID: ImplicitUse = implicitUse(
  "CPUID that is to fault",
  [Msr.MISC_FEATURES_ENABLES],
  (prefix) =>
    asm64`
    xor eax, eax
    ${prefix}
    cpuid
    jmp finish`,
  ({ vcpu }) => {
    vcpu.setMsrs([[Msr.MISC_FEATURES_ENABLES, CPUID_FAULT]]);
    return () => undefined;
  },
  { mode: "long-user", vector: GP },
);
