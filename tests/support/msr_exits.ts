/**
 * Guests that stop at an MSR exit, for what user space does before it enters
 * them again.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  type AsmSource,
  Msr,
  type MsrAccess,
  MsrFilter,
  type RdmsrExit,
  type Regs,
  Session,
  type Vm,
  type WrmsrExit,
} from "@trapline/trapline";
import { KNOWN_MSRS } from "./msr_probes.ts";
import {
  registersBefore,
  type SentinelAccess,
  type SentinelRegister,
  withSentinels,
} from "./sentinels.ts";

/** What {@linkcode accept} supplies to a read unless it is told otherwise. */
export const SUPPLIED = 0x0123_4567_89ab_cdefn;

/** Both kinds of access. */
export const KINDS = ["read", "write"] as const;

/** MSRs of both ranges of the hardware's bitmaps and of none. */
const DENIED: readonly number[] = [
  Msr.IA32_SYSENTER_CS,
  Msr.KERNEL_GS_BASE,
  Msr.KVM_SYSTEM_TIME_NEW,
];

/** Reads and writes of them. */
export const DENIED_ACCESSES: readonly SentinelAccess[] = DENIED
  .flatMap((index) => KINDS.map((kind) => ({ kind, index })));

/** The same with the value that is written, for guests without sentinels. */
export const EXITING_ACCESSES: readonly MsrAccess[] = DENIED_ACCESSES
  .map(({ kind, index }) => ({ kind, index, value: 0x18n }));

/** Accesses that KVM or the CPU completes in a guest of {@linkcode bootFiltered}. */
export const ALLOWED_ACCESSES: readonly MsrAccess[] = KNOWN_MSRS
  .filter(({ index }) => !DENIED.includes(index))
  .flatMap(({ index, values: [value] }) => KINDS.map((kind) => ({ kind, index, value })));

/** Denies some MSRs in `vm`, which exit, and boots a guest whose other MSRs hold known values. */
export function bootFiltered(vm: Vm): Session {
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter({
    default: "allow",
    ranges: DENIED.map((base) => ({ base, count: 1, deny: "read-write" })),
  });
  const session = Session.boot(vm, asm64`jmp finish`);
  session.vcpu.setMsrs(KNOWN_MSRS.map(({ index, values: [value] }) => [index, value]));
  return session;
}

/** Denies everything in `vm`, which exits, and boots a guest that does nothing yet. */
export function bootDenied(vm: Vm): Session {
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  return Session.boot(vm, asm64`jmp finish`);
}

/** Runs to the exit of an access of `kind`, which must be the next one. */
export function nextMsrExit(session: Session, kind: MsrAccess["kind"]): RdmsrExit | WrmsrExit {
  return kind === "read" ? session.next("X86_RDMSR") : session.next("X86_WRMSR");
}

const programs = new WeakMap<SentinelAccess, AsmSource>();

/** Loads the guest that makes `access` with sentinels in its registers, and runs to its exit. */
export function toExit(session: Session, access: SentinelAccess): RdmsrExit | WrmsrExit {
  let program = programs.get(access);
  if (program === undefined) programs.set(access, program = withSentinels(access));
  session.load(program);
  return nextMsrExit(session, access.kind);
}

/**
 * Loads `program`, and puts into its registers what the access takes: the index
 * into RCX, and both halves of `value` into RDX and RAX, which R8 holds too for
 * a program that needs RAX before. One program thus does for many accesses.
 */
export function loadFor(
  session: Session,
  program: AsmSource,
  { index, value = 0n }: MsrAccess,
): void {
  session.load(program);
  const low = value & 0xffff_ffffn;
  session.vcpu.setRegs({
    ...session.vcpu.regs(),
    rcx: BigInt(index),
    rdx: value >> 32n,
    rax: low,
    r8: low,
  });
}

/** Supplies `value` to a read, and acknowledges a write. */
export function accept(exit: RdmsrExit | WrmsrExit, value = SUPPLIED): void {
  if (exit.name === "X86_RDMSR") exit.supply(value);
  else exit.acknowledge();
}

/** The registers after `access` was completed, a read with `value`. */
export function registersAfter(
  access: SentinelAccess,
  value = SUPPLIED,
): Record<SentinelRegister, bigint> {
  const before = registersBefore(access);
  if (access.kind === "write") return before;
  return { ...before, rax: value & 0xffff_ffffn, rdx: value >> 32n };
}

/** Asserts the general registers of `seen`, and that its RIP is at `label`. */
export function assertRegs(
  session: Session,
  seen: Regs,
  wanted: Record<SentinelRegister, bigint>,
  label: string,
  detail: string,
): void {
  const names = Object.keys(wanted) as (SentinelRegister & keyof Regs)[];
  assertEquals(Object.fromEntries(names.map((name) => [name, seen[name]])), wanted, detail);
  assertEquals(seen.rip, session.symbol(label), `RIP at the ${label} label, ${detail}`);
}

/** Asserts what `KVM_GET_REGS` gives: the general registers, and RIP at `label`. */
export function assertHostSees(
  session: Session,
  wanted: Record<SentinelRegister, bigint>,
  label: string,
  detail: string,
): void {
  assertRegs(session, session.vcpu.regs(), wanted, label, detail);
}
