/**
 * What may be written to MSRs that exist: values that do no harm to the guest
 * when they arrive, and values that a KVM should find invalid.
 *
 * @module
 */
import { Msr } from "../../kvm/abi/msr.ts";

/** Values for one MSR, none of which harms the guest, whether it is taken or not. */
export interface HarmlessValues {
  /** What every KVM takes and keeps bit by bit. */
  readonly valid: readonly bigint[];
  /** What is invalid to most; some CPUs and KVMs take it, and may change it. */
  readonly invalid: readonly bigint[];
}

/** Canonical on no CPU, whether its addresses have 48 bits or 57. */
const NON_CANONICAL = 0x4000_0000_0000_0000n;
/** The PAT of a reset. */
const PAT = 0x0007_0406_0007_0406n;
/** EFER as the guest runs with it: LME and LMA. */
const LONG_MODE = 0x500n;

/** The values by MSR; to any other MSR that may exist, 0 does the least harm. */
export const HARMLESS: ReadonlyMap<number, HarmlessValues> = new Map([
  [Msr.IA32_SYSENTER_CS, { valid: [0n, 8n], invalid: [] }],
  [Msr.IA32_SYSENTER_ESP, { valid: [0n, 0x1000n], invalid: [] }],
  [Msr.IA32_SYSENTER_EIP, { valid: [0n, 0x2000n], invalid: [NON_CANONICAL] }],
  [Msr.IA32_PAT, { valid: [PAT, 0x0606_0606_0606_0606n], invalid: [PAT & ~0xffn | 2n] }],
  [Msr.IA32_MTRR_DEF_TYPE, { valid: [0n, 0xc06n], invalid: [0x100n, 0xc02n] }],
  [Msr.EFER, { valid: [LONG_MODE, LONG_MODE | 1n], invalid: [LONG_MODE | 1n << 9n] }],
  [Msr.STAR, { valid: [0n, 0x0023_0010_0000_0000n], invalid: [] }],
  [Msr.LSTAR, { valid: [0n, 0x3000n], invalid: [NON_CANONICAL] }],
  [Msr.CSTAR, { valid: [0n, 0x4000n], invalid: [] }],
  [Msr.SYSCALL_MASK, { valid: [0n, 0x200n], invalid: [] }],
]);

/** The MSRs of the table: what user space reads of them, the guest reads too. */
export const STABLE_MSRS: readonly number[] = [...HARMLESS.keys()];

/** One of the harmless values for an MSR. `choice` is any whole number from 0 on. */
export function harmlessValue(index: number, choice: number): bigint {
  const known = HARMLESS.get(index);
  if (known === undefined) return 0n;
  const values = [...known.valid, ...known.invalid];
  return values[choice % values.length]!;
}

/** Whether an MSR that takes `value` holds just that afterwards. */
export function isKept(index: number, value: bigint): boolean {
  return HARMLESS.get(index)?.valid.includes(value) ?? false;
}
