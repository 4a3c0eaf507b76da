/**
 * MSR accesses in real mode, in protected mode and in compatibility mode.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  asm64,
  type AsmSource,
  assertGp,
  assertMsrExit,
  assertNoFault,
  assertValue,
  guest,
  Msr,
  MSR_EXIT_REASONS,
  type MsrAccess,
  type MsrExitReason,
  type MsrFilterSpec,
  type Observation,
  type RdmsrExit,
  Session,
  type Sregs,
  type WrmsrExit,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { enterCompatibility, leaveCompatibility } from "../support/compatibility_code.ts";
import { accept, KINDS, nextMsrExit } from "../support/msr_exits.ts";
import { KNOWN_MSRS, UNKNOWN_MSRS } from "../support/msr_probes.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";
import { nameAccess } from "../support/walked.ts";

const CR0_PE = 1n;
const EFER_LMA = 1n << 10n;

/** A mode of the CPU in which MSRs can be accessed. */
interface CodeMode {
  readonly name: string;
  /** One access, at the label `rdmsr` or `wrmsr`, with all ones in EAX and EDX before a read. */
  readonly program: (access: MsrAccess) => AsmSource;
  /** Whether a vCPU with `sregs` is in this mode. */
  readonly isThis: (sregs: Sregs) => boolean;
}

function plain(bitness: 16 | 32): CodeMode["program"] {
  return ({ kind, index, value = 0n }) =>
    kind === "read" ? guest.rdmsr(index, { bitness }) : guest.wrmsr(index, value, { bitness });
}

function compatibility({ kind, index, value = -1n }: MsrAccess): AsmSource {
  const name = kind === "read" ? "rdmsr" : "wrmsr";
  return asm64`
    ${enterCompatibility(0)}
    mov ecx, ${index}
    mov eax, ${BigInt.asUintN(32, value)}
    mov edx, ${BigInt.asUintN(32, value >> 32n)}
  ${name}:
    ${name}
  after:
    ${leaveCompatibility}
    jmp finish
  `;
}

const MODES: readonly CodeMode[] = [
  { name: "real", program: plain(16), isThis: ({ cr0 }) => (cr0 & CR0_PE) === 0n },
  {
    name: "protected",
    program: plain(32),
    isThis: ({ cr0, efer, cs }) => (cr0 & CR0_PE) !== 0n && (efer & EFER_LMA) === 0n && cs.db === 1,
  },
  {
    name: "compatibility",
    program: compatibility,
    isThis: ({ efer, cs }) => (efer & EFER_LMA) !== 0n && cs.l === 0 && cs.db === 1,
  },
];

const FILTER: MsrFilterSpec = {
  default: "allow",
  ranges: [
    { base: Msr.IA32_SYSENTER_CS, count: 1, deny: "read-write" },
    { base: Msr.KERNEL_GS_BASE, count: 1, deny: "read-write" },
    { base: Msr.KVM_SYSTEM_TIME_NEW, count: 1, deny: "read-write" },
  ],
};

/** MSRs that exit under {@linkcode FILTER}, with the reason. */
const EXITING: readonly (readonly [index: number, reason: MsrExitReason])[] = [
  [Msr.IA32_SYSENTER_CS, "filter"],
  [Msr.KERNEL_GS_BASE, "filter"],
  [Msr.KVM_SYSTEM_TIME_NEW, "filter"],
  ...UNKNOWN_MSRS.map((index) => [index, "unknown"] as const),
];

/** MSRs that it leaves alone. */
const ALLOWED = KNOWN_MSRS.filter(({ index }) =>
  index === Msr.IA32_PAT || index === Msr.SYSCALL_MASK
);

const SUPPLIED = [0n, 0xffff_ffff_ffff_ffffn, 0x0123_4567_89ab_cdefn, 0xfedc_ba98_0000_0001n];
const WRITTEN = 0x89ab_cdef_7654_3210n;

/** The programs of one mode, made once for each access. */
function remembering(mode: CodeMode): CodeMode {
  const made = new Map<string, AsmSource>();
  const program = (access: MsrAccess): AsmSource => {
    const key = `${access.kind} ${access.index} ${access.value}`;
    const source = made.get(key) ?? mode.program(access);
    made.set(key, source);
    return source;
  };
  return { ...mode, program };
}

function instruction(session: Session, { kind }: MsrAccess): bigint {
  return session.symbol(kind === "read" ? "rdmsr" : "wrmsr");
}

/** Runs to the exit of `access` and asserts the exit, the mode, and where the guest is. */
function toExit(
  session: Session,
  mode: CodeMode,
  access: MsrAccess,
  reason: MsrExitReason,
): RdmsrExit | WrmsrExit {
  session.load(mode.program(access));
  const exit = nextMsrExit(session, access.kind);
  const name = nameAccess(access, `in ${mode.name} mode`);
  assertMsrExit(session, exit, {
    index: access.index,
    reasons: [reason],
    data: access.kind === "read" ? 0n : access.value ?? 0n,
  });
  assert(mode.isThis(session.vcpu.sregs()), `The guest is not in ${mode.name} mode at its ${name}`);
  assertEquals(session.vcpu.regs().rip, instruction(session, access), name);
  return exit;
}

/** Asserts that the guest took the #GP of `access` with the registers of its access untouched. */
function assertRefused(
  session: Session,
  access: MsrAccess,
  seen: Observation,
  detail: string,
): void {
  assertGp(session, seen, { rip: instruction(session, access) });
  assertEquals(seen.regs.rcx & 0xffff_ffffn, BigInt(access.index), `RCX, ${detail}`);
  assertEquals(
    seen.value,
    access.kind === "read" ? 0xffff_ffff_ffff_ffffn : access.value,
    `EDX:EAX, ${detail}`,
  );
}

clause(
  "X-67",
  "accesses exit and complete the same way in real mode, protected mode and compatibility mode",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    for (const mode of MODES.map(remembering)) {
      using vm = kvm.createVm();
      vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
      vm.setMsrFilter(FILTER);
      const session = Session.boot(vm, mode.program({ kind: "read", index: Msr.IA32_PAT }));
      const eachExiting = (
        check: (access: MsrAccess, reason: MsrExitReason, detail: string) => void,
      ): void => {
        for (const [index, reason] of EXITING) {
          for (const kind of KINDS) {
            const access = { kind, index, ...(kind === "write" && { value: WRITTEN }) };
            check(access, reason, nameAccess(access, `in ${mode.name} mode`));
          }
        }
      };
      eachExiting((access, reason, detail) => {
        for (const value of access.kind === "read" ? SUPPLIED : [0n]) {
          accept(toExit(session, mode, access, reason), value);
          const seen = session.finish();
          if (access.kind === "read") assertValue(session, seen, value);
          else assertNoFault(session, seen);
          assertEquals(session.transcript.count, 2, `exits with the end of the program, ${detail}`);
        }
        toExit(session, mode, access, reason).refuse();
        assertRefused(session, access, session.finish(), `refused ${detail}`);
      });

      for (const { index, values } of ALLOWED) {
        for (const value of values) {
          session.load(mode.program({ kind: "write", index, value }));
          assertNoFault(session, session.finish());
          assertEquals(session.vcpu.getMsr(index), value, `${mode.name} mode`);
          session.load(mode.program({ kind: "read", index }));
          assertValue(session, session.finish(), value);
          assertEquals(session.transcript.count, 1, `exits of an allowed read, ${mode.name} mode`);
        }
      }

      vm.enableUserSpaceMsr([]);
      eachExiting((access, _, detail) => {
        session.load(mode.program(access));
        assertRefused(session, access, session.finish(), `not enabled, ${detail}`);
        assertEquals(session.transcript.count, 1, `exits with the end of the program, ${detail}`);
      });
    }
  },
);
