/**
 * Accesses that KVM's emulator executes: the kernel's second implementation of
 * its promises.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm16,
  asm32,
  asm64,
  type AsmSource,
  assertGp,
  assertMsrExit,
  assertNoFault,
  Msr,
  MSR_EXIT_REASONS,
  type MsrAccess,
  msrBitmap,
  MsrFilter,
  type MsrRange,
  Session,
  withForcedEmulation,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { completeOnly } from "../support/complete_only.ts";
import { assertGoesOnAtZero } from "../support/eip_wrap.ts";
import { FAILING_ACCESSES } from "../support/failing_accesses.ts";
import { accept, KINDS, nextMsrExit, SUPPLIED } from "../support/msr_exits.ts";
import { capability, forcesEmulation } from "../support/requirements.ts";
import { assertExecutionsAgree } from "../support/two_executions.ts";

/** MSRs that count time or events: two guests never read the same. */
const COUNTING: ReadonlySet<number> = new Set([
  Msr.IA32_TSC,
  Msr.IA32_TSC_DEADLINE,
  Msr.IA32_MPERF,
  Msr.IA32_APERF,
  Msr.HV_X64_MSR_TIME_REF_COUNT,
]);

function span(first: number, last: number, step = 1): number[] {
  const indices: number[] = [];
  for (let index = first; index <= last; index += step) indices.push(index);
  return indices;
}

/** What KVM reads of: every class of MSR that it has, and both hardware ranges at their edges. */
const READ: readonly number[] = [
  ...Object.values(Msr),
  ...span(0, 0x40),
  ...span(0x170, 0x1a8),
  ...span(0x200, 0x210),
  ...span(0x400, 0x480),
  ...span(0x800, 0x840),
  ...span(0x4b56_4cfe, 0x4b56_4d0a),
  ...span(0xc000_0080, 0xc000_0105),
  ...span(0xc001_0000, 0xc001_0160, 7),
  ...[0x1fff, 0x2000, 0xbfff_ffff, 0xc000_0000, 0xc000_1fff, 0xc000_2000, 0xffff_fffe],
].filter((index) => !COUNTING.has(index));

const BASES: readonly bigint[] = [0n, 0x1234_5000n, 0xffff_8000_0000_1000n];

/**
 * MSRs that KVM may leave to the CPU, with values that are legal: what becomes of others is the
 * CPU's own doing natively.
 */
const PASSED_THROUGH: readonly (readonly [number, readonly bigint[]])[] = [
  [Msr.IA32_SYSENTER_CS, [0n, 0x18n, 0xfffbn]],
  [Msr.SYSCALL_MASK, [0n, 0x4_7700n, 0xffff_ffffn]],
  [Msr.STAR, [0n, 0x0023_0010_1234_5678n, 0xffff_ffff_ffff_ffffn]],
  // KVM keeps 32 bits of these for a guest on AMD, and the CPU may keep more.
  ...[Msr.IA32_SYSENTER_ESP, Msr.IA32_SYSENTER_EIP].map((index) =>
    [index, [0n, 0x1234_5000n, 0xffff_f000n]] as const
  ),
  ...[Msr.LSTAR, Msr.CSTAR, Msr.KERNEL_GS_BASE].map((index) => [index, BASES] as const),
];

/** MSRs that are KVM's alone, whose writes have no effect but on them. */
const WRITTEN: readonly number[] = [
  ...[Msr.IA32_PAT, Msr.TSC_AUX, Msr.IA32_BIOS_SIGN_ID],
  ...[Msr.IA32_MTRR_PHYSBASE0, Msr.IA32_MTRR_PHYSMASK0, Msr.IA32_MTRR_DEF_TYPE],
  ...[Msr.IA32_MC0_CTL, Msr.IA32_MC0_STATUS, Msr.IA32_MCG_STATUS],
  ...[Msr.IA32_MISC_ENABLE, Msr.IA32_XSS, Msr.K7_HWCR],
  ...[0x474f_4f00, 0x1fff, 0xc000_1fff],
];

/** Legal in some of them and not in others. */
const VALUES: readonly bigint[] = [
  ...[0n, 6n, 0x0006_0606_0606_0606n, 0x0707_0707_0707_0707n, 0xffff_8000_0000_1000n],
  ...[0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn],
];

function writeAndRead(index: number, values: readonly bigint[]): MsrAccess[] {
  return values.flatMap((value) => [{ kind: "write", index, value }, { kind: "read", index }]);
}

/** Reads, then writes with a read of each behind them, then what fails for each reason. */
const ACCESSES: readonly MsrAccess[] = [
  ...READ.map((index) => ({ kind: "read", index }) as const),
  ...PASSED_THROUGH.flatMap(([index, values]) => writeAndRead(index, values)),
  ...WRITTEN.flatMap((index) => writeAndRead(index, VALUES)),
  ...FAILING_ACCESSES,
];

function alternating(base: number, count: number): MsrRange {
  return { base, count, access: "read-write", bitmap: msrBitmap(count, span(0, count - 1, 2)) };
}

const FILTERS: readonly MsrFilter[] = [
  MsrFilter.ALLOW_ALL,
  MsrFilter.DENY_ALL,
  // As many ranges as there can be, small ones, of each kind and between MSRs that are in none.
  new MsrFilter({
    default: "allow",
    ranges: span(0, 15).map((i) => ({
      base: [0x170, 0x200, 0x400, 0x4b56_4d00, 0xc000_0080, 0xc000_0100][i % 6]! + (i >> 1),
      count: 1 + i % 3,
      deny: (["read", "write", "read-write"] as const)[i % 3]!,
    })),
  }),
  // Ranges over one another: the first that matches decides.
  new MsrFilter({
    default: "deny",
    ranges: [
      alternating(0x170, 0x40),
      { base: 0, count: 0x2000, allow: "read" },
      { base: 0x100, count: 0x200, deny: "read-write" },
      { base: 0x100, count: 0x400, allow: "write" },
      alternating(0xc000_0000, 0x2000),
      { base: 0xc000_0080, count: 0x10, allow: "read-write" },
    ],
  }),
  // From the first index and to the last one that a range reaches, and at the hardware's edges.
  new MsrFilter({
    default: "allow",
    ranges: [
      { base: 0, count: 1, deny: "read-write" },
      { base: 0x1fff, count: 2, deny: "read-write" },
      { base: 0xbfff_ffff, count: 2, deny: "read" },
      { base: 0xc000_1fff, count: 2, deny: "write" },
      { base: 0xffff_fffe, count: 1, deny: "read-write" },
    ],
  }),
];

clause(
  "X-87",
  "an access that KVM's emulator executes does what the same access does natively",
  {
    requires: [forcesEmulation],
    nativeOnly: "it makes every access by both executions",
  },
  ({ kvm }) => {
    for (const filter of FILTERS) {
      for (const reasons of [MSR_EXIT_REASONS, []]) {
        assertExecutionsAgree(kvm, { filter, reasons }, ACCESSES);
      }
    }
  },
);

const ASSEMBLERS = { 16: asm16, 32: asm32, 64: asm64 } as const;

/** Lengths of the instruction that are not that of `ud2`, by prefixes that change nothing. */
const PREFIXES: readonly (readonly number[])[] = [[], [0x2e], [0x3e, 0x2e, 0x3e, 0x2e]];

interface EmulatedAccess {
  readonly kind: MsrAccess["kind"];
  readonly index: number;
  readonly value: bigint;
}

function program(
  bitness: 16 | 32 | 64,
  { kind, index, value }: EmulatedAccess,
  prefixes: readonly number[],
): AsmSource {
  return ASSEMBLERS[bitness]`
    mov ecx, ${index}
    mov eax, ${value & 0xffff_ffffn}
    mov edx, ${value >> 32n}
  access:
    ${prefixes.length === 0 ? "" : `db ${prefixes.join(", ")}`}
    ${kind === "read" ? "rdmsr" : "wrmsr"}
  after:
    nop
    nop
    nop
    jmp finish
  `;
}

const BEFORE = 0x1122_3344_5566_7788n;

function assertEmulated(session: Session, access: EmulatedAccess, detail: string): void {
  const { kind, index, value } = access;
  const at = session.symbol("access");
  assertEquals(session.vcpu.regs().rip, BigInt(session.program.base), `start, ${detail}`);
  const exit = nextMsrExit(session, access.kind);
  assertMsrExit(session, exit, {
    index,
    reasons: ["filter"],
    ...(kind === "write" && { data: value }),
  });
  assertEquals(session.vcpu.regs().rip, at, `RIP at the exit, ${detail}`);
  accept(exit);
  completeOnly(session);
  assertEquals(session.vcpu.regs().rip, session.symbol("after"), `RIP completed, ${detail}`);
  const seen = session.finish();
  assertNoFault(session, seen);
  assertEquals(seen.value, kind === "read" ? SUPPLIED : value, `EDX:EAX, ${detail}`);

  session.restart();
  nextMsrExit(session, access.kind).refuse();
  assertGp(session, session.finish(), { rip: at });
}

clause(
  "X-88",
  "completing an emulated access goes on behind the RDMSR or WRMSR, and its #GP points at it",
  {
    requires: [forcesEmulation, capability("IMMEDIATE_EXIT")],
    nativeOnly: "it forces the emulation itself",
  },
  ({ kvm }) => {
    for (const bitness of [16, 32, 64] as const) {
      using vm = kvm.createVm();
      vm.enableUserSpaceMsr(["filter"]);
      vm.setMsrFilter(MsrFilter.DENY_ALL);
      const session = Session.boot(vm, ASSEMBLERS[bitness]`jmp finish`);
      for (const kind of KINDS) {
        for (const prefixes of PREFIXES) {
          const access = { kind, index: Msr.KERNEL_GS_BASE, value: BEFORE };
          withForcedEmulation(() => session.load(program(bitness, access, prefixes)));
          assertEmulated(
            session,
            access,
            `${kind} in ${session.mode} mode with ${prefixes.length} prefixes`,
          );
        }
      }
    }
    assertGoesOnAtZero(kvm, "forced emulation");
  },
);
