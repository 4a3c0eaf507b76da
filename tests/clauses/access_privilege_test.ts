/**
 * Accesses that fault before KVM is asked: those of ring 3, and those with a
 * LOCK prefix.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm16,
  asm32,
  asm64,
  type AsmSource,
  assertFault,
  assertGp,
  type Bitness,
  type GuestMode,
  Kvm,
  Msr,
  MSR_EXIT_REASONS,
  type MsrAccess,
  type MsrExitReason,
  MsrFilter,
  Session,
  type Vm,
} from "@trapline/trapline";
import { assertWalk, bootWalker, exits, read, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { enterCompatibility } from "../support/compatibility_code.ts";
import { KINDS, loadFor } from "../support/msr_exits.ts";
import { KNOWN_MSRS } from "../support/msr_probes.ts";
import { nameAccess } from "../support/walked.ts";

/** MSRs of every sort: passed through to the guest, emulated, filtered or not, and unknown. */
const INDICES: readonly number[] = [
  Msr.IA32_TSC,
  Msr.IA32_SYSENTER_CS,
  Msr.KERNEL_GS_BASE,
  Msr.EFER,
  Msr.IA32_TSC_DEADLINE,
  Msr.X2APIC_ID,
  Msr.KVM_SYSTEM_TIME_NEW,
  0x474f_4f00,
];

const ACCESSES: readonly MsrAccess[] = INDICES.flatMap((index) =>
  KINDS.map((kind) => ({ kind, index, value: 0x1234_5678_9abc_def0n }))
);

const MASKS: readonly (readonly MsrExitReason[])[] = [
  MSR_EXIT_REASONS,
  [],
  ...MSR_EXIT_REASONS.map((reason) => [reason]),
];

const FILTERS: readonly MsrFilter[] = [
  MsrFilter.DENY_ALL,
  MsrFilter.ALLOW_ALL,
  new MsrFilter({
    default: "allow",
    ranges: INDICES.map((base) => ({ base, count: 1, deny: "read-write" })),
  }),
];

/** One access of `kind` at the label `access`, for `loadFor()`, with `prefixes` before it. */
function program(
  bitness: Bitness,
  kind: MsrAccess["kind"],
  prefixes = "",
  start = "",
): AsmSource {
  const assembler = { 16: asm16, 32: asm32, 64: asm64 }[bitness];
  return assembler`
    ${start}
  access:
    ${prefixes}
    ${kind === "read" ? "rdmsr" : "wrmsr"}
    jmp finish
  `;
}

/** What the guests of a clause execute, and where. */
interface Variant {
  readonly name: string;
  readonly mode: GuestMode;
  readonly program: (kind: MsrAccess["kind"]) => AsmSource;
}

/** Calls `check` at the end of every access under every filter and mask, after one exit at most. */
function forEachAccess(
  kvm: Kvm,
  variant: Variant,
  check: (session: Session, access: MsrAccess, detail: string) => void,
): void {
  using vm = kvm.createVm();
  const programs = { read: variant.program("read"), write: variant.program("write") };
  const session = Session.boot(vm, programs.read, { mode: variant.mode });
  const values = KNOWN_MSRS.map(({ index, values: [value] }) => [index, value] as const);
  session.vcpu.setMsrs(values);
  for (const filter of FILTERS) {
    vm.setMsrFilter(filter);
    for (const mask of MASKS) {
      vm.enableUserSpaceMsr(mask);
      for (const access of ACCESSES) {
        const circumstances = `${variant.name}, ${filter}, mask ${mask.join("+") || 0}`;
        const detail = nameAccess(access, `(${circumstances})`);
        loadFor(session, programs[access.kind], access);
        check(session, access, detail);
        assertEquals(session.transcript.count, 1, `exits with the end of the program, ${detail}`);
      }
      const held = values.map(([index]) => [index, session.vcpu.getMsr(index)] as const);
      assertEquals(held, values, `MSRs after all accesses, ${variant.name}, ${filter}`);
    }
  }
  assertInForce(vm);
}

/** Asserts that what was denied last is denied in ring 0, to another vCPU of `vm`. */
function assertInForce(vm: Vm): void {
  vm.enableUserSpaceMsr(["filter"]);
  const steps = [Msr.IA32_SYSENTER_CS, Msr.KERNEL_GS_BASE, Msr.KVM_SYSTEM_TIME_NEW]
    .flatMap((index) => [exits(read(index)), exits(write(index))]);
  assertWalk(bootWalker(vm), "in ring 0, without LOCK", steps);
}

const RING_3: readonly Variant[] = [
  { name: "64-bit code", mode: "long-user", program: (kind) => program(64, kind) },
  {
    name: "compatibility mode",
    mode: "long-user",
    program: (kind) => program(64, kind, "", enterCompatibility(3)),
  },
];

clause(
  "X-63",
  "in ring 3 RDMSR and WRMSR raise #GP and never exit, whatever the filter and the mask",
  ({ kvm }) => {
    for (const variant of RING_3) {
      forEachAccess(kvm, variant, (session, _, detail) => {
        const seen = session.finish();
        const fault = assertGp(session, seen, { rip: session.symbol("access") });
        assertEquals(fault.cs & 3, 3, `ring that was interrupted, ${detail}`);
      });
    }
  },
);

const LOCK = "db 0xf0";

const LOCKED: readonly Variant[] = [
  { name: "64-bit code", mode: "long", program: (kind) => program(64, kind, LOCK) },
  {
    name: "64-bit code with REX",
    mode: "long",
    program: (kind) => program(64, kind, `db 0x2e\n${LOCK}\ndb 0x48`),
  },
  { name: "32-bit code", mode: "protected", program: (kind) => program(32, kind, LOCK) },
  { name: "real mode", mode: "real", program: (kind) => program(16, kind, LOCK) },
];

/** The CPU raises #UD for LOCK before an instruction that it cannot lock. */
function refusesLock(): string | undefined {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      ${LOCK}
      rdtsc
      jmp finish
    `,
  );
  const fault = session.endOf(session.step())?.fault;
  return fault?.vector === 6 ? undefined : "this CPU executes RDTSC with a LOCK prefix";
}

clause(
  "X-64",
  "RDMSR and WRMSR with a LOCK prefix raise #UD and do not exit",
  { requires: [refusesLock] },
  ({ kvm }) => {
    for (const variant of LOCKED) {
      forEachAccess(kvm, variant, (session) => {
        const rip = session.symbol("access");
        assertFault(session, session.finish(), { vector: 6, errorCode: 0, rip });
      });
    }
  },
);
