/**
 * Which MSR an access is to: the one in ECX, whatever the rest of RCX holds.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  assertGp,
  assertMsrExit,
  assertNoFault,
  assertValue,
  type Kvm,
  Msr,
  type MsrAccess,
  Session,
  type Vm,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { KINDS, nextMsrExit } from "../support/msr_exits.ts";
import { KNOWN_MSRS, type KnownMsr, UNKNOWN_MSRS } from "../support/msr_probes.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";
import { assertRegisters } from "../support/sentinels.ts";
import { nameAccess } from "../support/walked.ts";

const DENIED = [Msr.IA32_SYSENTER_CS, Msr.SYSCALL_MASK, Msr.KVM_SYSTEM_TIME_NEW, 0x2000];
const ALLOWED = KNOWN_MSRS.filter(({ index }) => !(DENIED as readonly number[]).includes(index));
const VALUE = 0x8877_6655_4433_2211n;

/** Indices in turns: an emulated CPU is known to mistake those of the second one (D-06). */
const TURNS = [(index: number) => index > 0x1fff, (index: number) => index <= 0x1fff];

/** The upper half of RCX: none of it, all of it, its ends, and indices with another verdict. */
const UPPER_HALVES = [
  0n,
  0xffff_ffffn,
  1n,
  0x8000_0000n,
  BigInt(Msr.IA32_PAT),
  BigInt(Msr.SYSCALL_MASK),
];

/** One access to the MSR, and of the value, that the host puts into the registers. */
const PROGRAMS = {
  read: asm64`
  access:
    rdmsr
    jmp finish`,
  write: asm64`
  access:
    wrmsr
    jmp finish`,
} as const;

/** Makes the guest start at the access, with `upper` in RCX above the index; gives back RCX. */
function prepare(session: Session, access: MsrAccess, upper: bigint): { rcx: bigint } {
  const { kind, index, value = VALUE } = access;
  session.load(PROGRAMS[kind]);
  const rcx = upper << 32n | BigInt(index);
  const regs = session.vcpu.regs();
  session.vcpu.setRegs({ ...regs, rcx, rax: value & 0xffff_ffffn, rdx: value >> 32n });
  return { rcx };
}

function denyingVm(kvm: Kvm): Vm {
  const vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter({
    default: "allow",
    ranges: DENIED.map((base) => ({ base, count: 1, deny: "read-write" })),
  });
  return vm;
}

function assertPasses(
  session: Session,
  { index, values: [held, written] }: KnownMsr,
  upper: bigint,
): void {
  session.vcpu.setMsrs([[index, held]]);
  prepare(session, { kind: "read", index }, upper);
  assertValue(session, session.finish(), held);
  prepare(session, { kind: "write", index, value: written }, upper);
  assertNoFault(session, session.finish());
  const name = nameAccess({ kind: "write", index }, `of 0x${written.toString(16)}`);
  assertEquals(session.vcpu.getMsr(index), written, name);
}

function assertUnknown(session: Session, access: MsrAccess, upper: bigint): void {
  prepare(session, access, upper);
  assertGp(session, session.finish(), { rip: session.symbol("access") });
}

function assertExits(session: Session, access: MsrAccess, upper: bigint): void {
  const name = nameAccess(access, `with 0x${upper.toString(16)} in the upper half of RCX`);
  const before = prepare(session, access, upper);
  const data = access.kind === "read" ? 0n : VALUE;
  const exit = nextMsrExit(session, access.kind);
  assertMsrExit(session, exit, { index: access.index, reasons: ["filter"], data });
  if (exit.name === "X86_RDMSR") exit.supply(VALUE);
  else exit.acknowledge();
  const seen = session.finish();
  if (access.kind === "read") assertValue(session, seen, VALUE);
  else assertNoFault(session, seen);
  assertRegisters(session, seen, before, name);

  prepare(session, access, upper);
  nextMsrExit(session, access.kind).refuse();
  const refused = session.finish();
  assertGp(session, refused, { rip: session.symbol("access") });
  assertRegisters(session, refused, before, name);
}

clause(
  "X-55",
  "ECX alone selects the MSR, whatever the upper half of RCX holds",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    using vm = denyingVm(kvm);
    const session = Session.boot(vm, asm64`jmp finish`);
    for (const isInTurn of TURNS) {
      for (const upper of UPPER_HALVES) {
        for (const kind of KINDS) {
          for (const index of DENIED.filter(isInTurn)) assertExits(session, { kind, index }, upper);
          for (const index of UNKNOWN_MSRS.filter(isInTurn)) {
            assertUnknown(session, { kind, index }, upper);
          }
        }
        for (const msr of ALLOWED.filter(({ index }) => isInTurn(index))) {
          assertPasses(session, msr, upper);
        }
      }
    }
  },
);
