/**
 * An instruction that uses MSRs without naming one in ECX, tried under filters
 * that deny those MSRs.
 *
 * @module
 */
import {
  type AsmSource,
  type CpuidEntry,
  formatExit,
  formatFault,
  GuestAssertionError,
  type GuestMode,
  type GuestRegister,
  Kvm,
  MSR_EXIT_REASONS,
  MsrFilter,
  MsrRefusedError,
  type Observation,
  Session,
  type Vm,
} from "@trapline/trapline";
import { assertWalk, bootWalker, exits, faults, read, write } from "./assert_walk.ts";
import { register } from "./kvm_testing.ts";
import { obstacle, type Requirement } from "./requirements.ts";

/** Says what is wrong with what the guest observed, or `undefined` when it is as it must be. */
export type Check = (seen: Observation) => string | undefined;

/** An instruction that uses MSRs of itself. */
export interface ImplicitUse {
  /** The instruction. */
  readonly name: string;
  /** The MSRs that it uses. */
  readonly msrs: readonly number[];
  /** A guest that executes it once. */
  readonly native: AsmSource;
  /** The same, with the forced-emulation prefix before the instruction. */
  readonly emulated: AsmSource;
  /** Where the guest is; the ring matters to some. */
  readonly mode?: GuestMode;
  /** The vector of the exception that it raises when it does its work; without it, none. */
  readonly vector?: number;
  /** Gives the MSRs values that the instruction shows; called before each run. */
  readonly prepare: (session: Session) => Check;
}

/** `0x2a`. */
export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** Wants each of these in its register. */
export function registers(wanted: Partial<Record<GuestRegister, bigint>>): Check {
  return ({ regs }) =>
    (Object.entries(wanted) as [GuestRegister, bigint][])
      .filter(([register, value]) => regs[register] !== value)
      .map(([register, value]) => `${register} ${hex(regs[register])} instead of ${hex(value)}`)
      .join(", ") || undefined;
}

/** Wants what all of `checks` want. */
export function all(...checks: readonly Check[]): Check {
  return (seen) => checks.map((check) => check(seen)).find((wrong) => wrong !== undefined);
}

/** Who executes the instruction. */
export type ExecutedAs = "native" | "emulated";

const FORCED_EMULATION_PREFIX = "ud2\ndb 0x6b, 0x76, 0x6d";

/** Describes an instruction by a program that is given what to put before it. */
export function implicitUse(
  name: string,
  msrs: readonly number[],
  program: (prefix: string) => AsmSource,
  prepare: ImplicitUse["prepare"],
  more: Pick<ImplicitUse, "mode" | "vector"> = {},
): ImplicitUse {
  const [native, emulated] = [program(""), program(FORCED_EMULATION_PREFIX)];
  return { name, msrs, native, emulated, prepare, ...more };
}

/** What KVM supports, and the instructions that it emulates where the CPU lacks them. */
function wholeCpuid(kvm: Kvm, { supportedCpuid }: Vm): CpuidEntry[] {
  const emulated = kvm.emulatedCpuid();
  return supportedCpuid.map((entry) => {
    const more = emulated.find((each) => each.function === 7 && entry.function === 7);
    return more === undefined ? entry : { ...entry, ecx: (entry.ecx | more.ecx) >>> 0 };
  });
}

function boot(kvm: Kvm, vm: Vm, use: ImplicitUse, as: ExecutedAs): Session {
  const session = Session.boot(vm, use[as], use.mode === undefined ? {} : { mode: use.mode });
  session.vcpu.setCpuid(wholeCpuid(kvm, vm));
  return session;
}

/** Says what is wrong at the end of a guest, or `undefined` when the instruction did its work. */
function wrongAtEnd({ vector }: ImplicitUse, seen: Observation, check: Check): string | undefined {
  if (seen.fault?.vector === vector) return check(seen);
  return seen.fault === undefined ? "no exception" : formatFault(seen.fault);
}

function tryUnfiltered(use: ImplicitUse, as: ExecutedAs): boolean {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  try {
    const session = boot(kvm, vm, use, as);
    const check = use.prepare(session);
    const seen = session.endOf(session.step());
    return seen !== undefined && wrongAtEnd(use, seen, check) === undefined;
  } catch (error) {
    if (error instanceof MsrRefusedError) return false;
    throw error;
  }
}

const tried = new WeakMap<AsmSource, boolean>();

/** Whether the instruction does its work in a guest here, without any filter. */
function works(use: ImplicitUse, as: ExecutedAs): boolean {
  let result = tried.get(use[as]);
  if (result === undefined) tried.set(use[as], result = tryUnfiltered(use, as));
  return result;
}

/** One of `uses` at least does its work here without any filter. */
export function oneWorks(uses: readonly ImplicitUse[], as: ExecutedAs = "native"): Requirement {
  const names = uses.map(({ name }) => name).join(", ");
  return () =>
    uses.some((use) => works(use, as))
      ? undefined
      : `no guest here can use ${names} (${as}), even without a filter`;
}

function filtersOf({ msrs }: ImplicitUse): MsrFilter[] {
  const ranges = msrs.map((base) => ({ base, count: 1, deny: "read-write" as const }));
  return [new MsrFilter({ default: "allow", ranges }), MsrFilter.DENY_ALL];
}

function runToEnd(session: Session, use: ImplicitUse, detail: string): void {
  const check = use.prepare(session);
  const exit = session.step();
  const seen = session.endOf(exit);
  const wrong = seen === undefined ? formatExit(exit) : wrongAtEnd(use, seen, check);
  if (wrong !== undefined) {
    throw new GuestAssertionError(session, `${detail} to do its work`, wrong);
  }
}

/** Asserts that no filter keeps `use` from its work, while RDMSR and WRMSR of its MSRs are denied. */
function assertUnfiltered(kvm: Kvm, use: ImplicitUse, as: ExecutedAs): void {
  using vm = kvm.createVm();
  const session = boot(kvm, vm, use, as);
  const start = session.vcpu.sregs();
  const explicit = bootWalker(vm);
  const accesses = use.msrs.flatMap((index) => [read(index), write(index)]);
  for (const filter of filtersOf(use)) {
    vm.setMsrFilter(filter);
    for (const mask of [[], MSR_EXIT_REASONS]) {
      vm.enableUserSpaceMsr(mask);
      const circumstances = `${filter}, reasons ${mask.join("+") || "none"}`;
      const want = mask.length === 0 ? faults : exits;
      assertWalk(explicit, circumstances, accesses.map((access) => want(access)));
      session.restart();
      session.vcpu.setSregs(start);
      runToEnd(session, use, `${as} ${use.name} (${circumstances})`);
    }
  }
}

/** Asserts for all of `uses` that do their work here without a filter that they do it under one. */
export function assertNotFiltered(
  kvm: Kvm,
  uses: readonly ImplicitUse[],
  as: ExecutedAs = "native",
): void {
  for (const use of uses) {
    if (works(use, as)) assertUnfiltered(kvm, use, as);
  }
}

/** Names, as ignored tests, those of `uses` that clause `id` leaves out here, if it is decided. */
export function reportLeftOut(
  id: string,
  uses: readonly ImplicitUse[],
  as: ExecutedAs = "native",
  requires: readonly Requirement[] = [],
): void {
  if (obstacle([...requires, oneWorks(uses, as)]) !== undefined) return;
  for (const use of uses) {
    const reason = obstacle([oneWorks([use], as)]);
    if (reason !== undefined) register(`${id} ${as} ${use.name}`, "left out", reason, () => {});
  }
}
