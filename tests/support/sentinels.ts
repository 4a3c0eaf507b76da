/**
 * A guest whose registers all differ when it makes one MSR access, to see
 * which of them the access changes.
 *
 * @module
 */
import {
  asm64,
  type AsmSource,
  GuestAssertionError,
  type GuestRegister,
  type Observation,
  type Session,
} from "@trapline/trapline";

/** A general register that holds a sentinel. */
export type SentinelRegister = Exclude<GuestRegister, "rsp" | "rflags">;

/** The sentinels; the low half of RCX makes room for the MSR index. */
export const SENTINELS: Readonly<Record<SentinelRegister, bigint>> = {
  rax: 0xa1a2_a3a4_a5a6_a7a8n,
  rcx: 0xc1c2_c3c4_0000_0000n,
  rdx: 0xd1d2_d3d4_d5d6_d7d8n,
  rbx: 0xb1b2_b3b4_b5b6_b7b8n,
  rbp: 0x9192_9394_9596_9798n,
  rsi: 0x5152_5354_5556_5758n,
  rdi: 0xe1e2_e3e4_e5e6_e7e8n,
  r8: 0x0801_0802_0803_0804n,
  r9: 0x0901_0902_0903_0904n,
  r10: 0x1001_1002_1003_1004n,
  r11: 0x1101_1102_1103_1104n,
  r12: 0x1201_1202_1203_1204n,
  r13: 0x1301_1302_1303_1304n,
  r14: 0x1401_1402_1403_1404n,
  r15: 0x1501_1502_1503_1504n,
};

/** RFLAGS whose bit 1 alone is set, which it always is. */
export const PLAIN_RFLAGS = 0x2n;

/** What a guest with sentinels does. */
export interface SentinelAccess {
  /** Read or write. */
  readonly kind: "read" | "write";
  /** The MSR index. */
  readonly index: number;
  /** RFLAGS before the access; default {@linkcode PLAIN_RFLAGS}. */
  readonly rflags?: bigint;
  /** Other values than the sentinels. */
  readonly regs?: Partial<Record<SentinelRegister, bigint>>;
}

/** Each register before the access. */
export function registersBefore(
  { index, regs = {} }: SentinelAccess,
): Record<SentinelRegister, bigint> {
  const before = { ...SENTINELS, ...regs };
  return { ...before, rcx: before.rcx | BigInt(index) };
}

/** One access at the label `access` with sentinels in all registers, then the end. */
export function withSentinels(access: SentinelAccess): AsmSource {
  const loads = Object.entries(registersBefore(access))
    .map(([register, value]) => `mov ${register}, 0x${value.toString(16)}`);
  return asm64`
    push ${access.rflags ?? PLAIN_RFLAGS}
    popfq
    ${loads.join("\n")}
  access:
    ${access.kind === "read" ? "rdmsr" : "wrmsr"}
  after:
    jmp finish
  `;
}

/** Asserts each of `wanted` in what the guest reported. */
export function assertRegisters(
  session: Session,
  { regs }: Observation,
  wanted: Partial<Record<GuestRegister, bigint>>,
  detail: string,
): void {
  for (const [register, value] of Object.entries(wanted) as [GuestRegister, bigint][]) {
    if (regs[register] === value) continue;
    throw new GuestAssertionError(
      session,
      `${detail}: ${register} 0x${value.toString(16)} in the guest`,
      `0x${regs[register].toString(16)}`,
    );
  }
}
