/**
 * The MSRs that a KVM of any vendor and version hands to the guest, so that
 * its accesses make no exit unless they are denied: what `kvm_amd` keeps in its
 * permission map and `kvm_intel` in its bitmap, from Linux 5.10 to 7.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  type AsmSource,
  formatMsr,
  type Kvm,
  Msr,
  msrBitmap,
  MsrFilter,
  type MsrRange,
  MsrRefusedError,
  type Session,
} from "@trapline/trapline";
import type { Verdict } from "./assert_verdicts.ts";
import {
  assertWalk,
  bootWalker,
  completes,
  exits,
  type Expectation,
  faults,
  read,
  write,
} from "./assert_walk.ts";
import { facts } from "./facts.ts";
import { KNOWN_MSRS } from "./msr_probes.ts";
import { executesAccesses } from "./requirements.ts";

/** An MSR that may be handed over. */
export interface HandedOverMsr {
  /** The MSR index. */
  readonly index: number;
  /** Two values that a vCPU which has the MSR holds until something else is written. */
  readonly values?: readonly [bigint, bigint];
  /** What is written where no value stays; default 0. */
  readonly written?: bigint;
}

const ADDRESSES = [0x1234_5000n, 0xffff_8000_0000_1000n] as const;

function span(first: number, last: number): HandedOverMsr[] {
  return Array.from({ length: last - first + 1 }, (_, i) => ({ index: first + i }));
}

/** All of them; a vCPU has some and raises #GP for the others. */
export const HANDED_OVER_MSRS: readonly HandedOverMsr[] = [
  { index: Msr.IA32_TSC },
  { index: Msr.IA32_SPEC_CTRL, values: [1n, 0n] },
  { index: Msr.IA32_PRED_CMD, written: 1n },
  // Counters of the PMU, of Intel's and the older AMD's.
  ...span(0xc1, 0xc8),
  ...span(Msr.IA32_MPERF, Msr.IA32_APERF),
  { index: Msr.IA32_FLUSH_CMD, written: 1n },
  { index: Msr.IA32_SYSENTER_CS, values: [0x18n, 0x2bn] },
  { index: Msr.IA32_SYSENTER_ESP, values: [0x7000n, 0x1234_5000n] },
  { index: Msr.IA32_SYSENTER_EIP, values: [0x8000n, 0x1234_6000n] },
  { index: Msr.IA32_XFD },
  { index: Msr.IA32_XFD_ERR },
  // FRED's stack of ring 0.
  { index: 0x1cc },
  { index: Msr.IA32_DEBUGCTL },
  ...span(Msr.LAST_BRANCH_FROM_IP, Msr.LAST_INT_TO_IP),
  { index: Msr.IA32_PAT, values: [0x0606_0606_0606_0606n, 0x0400_0600_0400_0006n] },
  // Fixed counters and the global control of the PMU.
  ...span(0x309, 0x30c),
  ...span(0x38e, 0x391),
  // Residency in C-states, and in C1 apart.
  ...span(0x3fc, 0x3fe),
  { index: 0x660 },
  // Processor Trace: output, control, filters of addresses.
  ...span(0x560, 0x561),
  ...span(0x570, 0x572),
  ...span(0x580, 0x587),
  { index: Msr.IA32_U_CET },
  { index: Msr.IA32_S_CET },
  ...span(Msr.IA32_PL0_SSP, Msr.IA32_PL0_SSP + 3),
  { index: Msr.IA32_XSS },
  { index: Msr.EFER, values: [0x501n, 0x500n] },
  { index: Msr.STAR, values: [0x0018_0008_1234_5678n, 0x0023_0010_0000_0000n] },
  { index: Msr.LSTAR, values: ADDRESSES },
  { index: Msr.CSTAR, values: ADDRESSES },
  { index: Msr.SYSCALL_MASK, values: [0x4_7700n, 0x200n] },
  { index: Msr.FS_BASE, values: ADDRESSES },
  { index: Msr.GS_BASE, values: ADDRESSES },
  { index: Msr.KERNEL_GS_BASE, values: ADDRESSES },
  { index: Msr.TSC_AUX, values: [0x77n, 0x1234n] },
  // The PMU's global control and the counters of the newer AMD, and the GHCB.
  ...span(0xc000_0300, 0xc000_0303),
  { index: 0xc001_0130 },
  ...span(0xc001_0200, 0xc001_020b),
];

/** MSRs that `kvm_amd` and `kvm_intel` hand to every guest, from Linux 5.10 on. */
export const ALWAYS_HANDED_OVER: readonly number[] = [
  Msr.IA32_SYSENTER_CS,
  Msr.FS_BASE,
  Msr.GS_BASE,
  Msr.KERNEL_GS_BASE,
];

/** What a vCPU without a filter makes of the accesses to one of the MSRs. */
interface Native extends HandedOverMsr {
  /** Whether a read completes. */
  readonly reads: boolean;
  /** Whether a write completes. */
  readonly writes: boolean;
}

/** What a vCPU without a filter makes of the accesses to each of the MSRs. */
export type Natives = readonly Native[];

/** MSRs in which guest and host find what the other wrote, on each vendor and kernel. */
const KEPT: readonly number[] = [
  Msr.IA32_SYSENTER_CS,
  Msr.IA32_SYSENTER_ESP,
  Msr.IA32_SYSENTER_EIP,
  Msr.IA32_PAT,
  Msr.EFER,
  Msr.STAR,
  Msr.LSTAR,
  Msr.CSTAR,
  Msr.SYSCALL_MASK,
  Msr.KERNEL_GS_BASE,
];

/** What is expected later is learnt of this very KVM, which may have lost some already. */
function assertKept(natives: Natives): void {
  const known = executesAccesses(facts()) === undefined
    ? KEPT
    : KNOWN_MSRS.map(({ index }) => index);
  const lost = natives.filter(({ index, values }) => known.includes(index) && !values);
  assertEquals(
    lost.map(({ index }) => formatMsr(index)),
    [],
    "MSRs that do not keep their value without a filter",
  );
}

/**
 * Asks a VM without a filter, and without a mask, what its vCPU makes of the accesses, and
 * asserts that the MSRs which each KVM has keep their values.
 */
export function askNatives(kvm: Kvm): Natives {
  using vm = kvm.createVm();
  const session = bootWalker(vm);
  const walked = session.walk(
    HANDED_OVER_MSRS.flatMap((msr) => [read(msr.index), write(msr.index, writtenTo(msr, 1))]),
  );
  const natives = HANDED_OVER_MSRS.map((msr, i) => {
    const reads = walked[2 * i]!.fault === undefined;
    const writes = walked[2 * i + 1]!.fault === undefined;
    const { index, values, ...bare } = msr;
    const holds = values?.every((value) => reads && writes && keeps(session, index, value));
    return { index, ...bare, ...(holds && { values }), written: writtenTo(msr, 1), reads, writes };
  });
  assertKept(natives);
  return natives;
}

/** Whether guest and host find in the MSR what the other wrote. */
function keeps(session: Session, index: number, value: bigint): boolean {
  try {
    session.vcpu.setMsrs([[index, value]]);
    const [got] = session.walk([read(index), write(index, value)]);
    return got!.value === value && session.vcpu.getMsr(index) === value;
  } catch (error) {
    if (error instanceof MsrRefusedError) return false;
    throw error;
  }
}

function writtenTo({ values, written = 0n }: HandedOverMsr, which: 0 | 1): bigint {
  return values?.[which] ?? written;
}

/** What is denied of the MSR number `i`. */
export type Denial = (i: number) => Verdict["denied"];

/** The filter that denies so, by a bitmap over each of the hardware's ranges. */
export function filterOf(denied: Denial): MsrFilter {
  const ranges = [0, 0xc000_0000, 0xc001_0000].flatMap((base): MsrRange[] =>
    (["read", "write"] as const).map((access) => {
      const named = HANDED_OVER_MSRS.flatMap(({ index }, i) => {
        const kind = denied(i);
        const isHere = index >= base && index < base + 0x2000;
        return isHere && (kind === access || kind === "read-write") ? [index - base] : [];
      });
      const barred = new Set(named);
      const allowed = Array.from({ length: 0x2000 }, (_, i) => i).filter((i) => !barred.has(i));
      return { base, count: 0x2000, access, bitmap: msrBitmap(0x2000, allowed) };
    })
  );
  return new MsrFilter({ default: "allow", ranges });
}

function expectationsOf(msr: Native, denied: Verdict["denied"], which: 0 | 1): Expectation[] {
  const { index, values, reads, writes } = msr;
  const reading = read(index);
  const writing = write(index, writtenTo(msr, which === 0 ? 1 : 0));
  return [
    denied === "read" || denied === "read-write"
      ? exits(reading)
      : reads
      ? completes(reading, values?.[which])
      : faults(reading),
    denied === "write" || denied === "read-write"
      ? exits(writing)
      : writes
      ? completes(writing)
      : faults(writing),
  ];
}

/**
 * Lets the host set each MSR that keeps its value, and asserts that the guest
 * of `session` reads it, writes another one, and that the host finds that, where
 * the access is not denied; and that a denied one exits and changes nothing.
 */
export function assertHandling(
  session: Session,
  when: string,
  natives: Natives,
  denied: Denial,
  which: 0 | 1,
): void {
  const { vcpu } = session;
  const held = natives.map((msr, i) => ({ ...msr, denied: denied(i) }))
    .filter(({ values }) => values !== undefined);
  vcpu.setMsrs(held.map(({ index, values }) => [index, values![which]]));
  const wanted = natives.flatMap((msr, i) => expectationsOf(msr, denied(i), which));
  assertWalk(session, when, wanted);
  const text = (index: number, value: bigint): string =>
    `${formatMsr(index)} holds 0x${value.toString(16)}`;
  const now = vcpu.getMsrs(held.map(({ index }) => index));
  assertEquals(
    held.map(({ index }, i) => text(index, now[i]!)),
    held.map(({ index, values, denied }) => {
      const isKept = denied === "write" || denied === "read-write";
      return text(index, values![isKept ? which : 1 - which]!);
    }),
    `after the guest's writes (${when})`,
  );
}

const REPEATS = 64;

/** Repeats an access to the MSR in RCX as often as RSI says. */
const REPEATERS: Readonly<Record<"read" | "write", AsmSource>> = {
  read: asm64`
    again:
      rdmsr
      dec rsi
      jnz again
      jmp finish
  `,
  write: asm64`
    again:
      wrmsr
      dec rsi
      jnz again
      jmp finish
  `,
};

/**
 * The accesses that the guest of `session` now makes without an exit from the
 * guest, by the count of the vCPU's own statistics.
 */
export function accessesWithoutExit(session: Session, natives: Natives): string[] {
  const { vcpu } = session;
  const count = (): bigint => vcpu.stats().get("exits")![0]!;
  return (["read", "write"] as const).flatMap((kind) => {
    session.load(REPEATERS[kind]);
    const here = natives.filter((msr) => kind === "read" ? msr.reads : msr.writes);
    return here.filter((msr) => {
      const value = writtenTo(msr, 1);
      session.restart();
      vcpu.setRegs({
        ...vcpu.regs(),
        rcx: BigInt(msr.index),
        rsi: BigInt(REPEATS),
        rax: value & 0xffff_ffffn,
        rdx: value >> 32n,
      });
      const before = count();
      session.finish();
      return count() - before < REPEATS / 2;
    }).map(({ index }) => `${kind} of ${formatMsr(index)}`);
  });
}
