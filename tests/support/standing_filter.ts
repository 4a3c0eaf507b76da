/**
 * A filter that must go on deciding after another one was refused, and that
 * other one, which would have decided each access the other way round.
 *
 * @module
 */
import {
  KVM_MSR_FILTER_READ,
  KVM_MSR_FILTER_WRITE,
  Msr,
  MsrFilter,
  type MsrFilterSpec,
  type Session,
  type Vm,
} from "@trapline/trapline";
import { assertVerdicts, type Verdict, verdicts } from "./assert_verdicts.ts";
import { bootWalker } from "./assert_walk.ts";
import { allowing, denying, type RawRange, slots } from "./raw_filter.ts";

const STANDING: MsrFilterSpec = {
  default: "allow",
  ranges: [
    { base: Msr.IA32_SYSENTER_CS, count: 1, deny: "read" },
    { base: Msr.KERNEL_GS_BASE, count: 1, deny: "write" },
    { base: Msr.KVM_SYSTEM_TIME_NEW, count: 1, deny: "read-write" },
    { base: 0x474f_4f00, count: 1, deny: "read-write" },
  ],
};

const STANDING_VERDICTS: readonly Verdict[] = [
  { index: Msr.IA32_SYSENTER_CS, denied: "read" },
  { index: Msr.KERNEL_GS_BASE, denied: "write" },
  ...verdicts("read-write", [Msr.KVM_SYSTEM_TIME_NEW, 0x474f_4f00]),
  ...verdicts("neither", [Msr.IA32_PAT, Msr.SYSCALL_MASK, 0x1fff, 0x2000]),
];

const UNFILTERED_VERDICTS = verdicts("neither", [Msr.IA32_SYSENTER_CS, Msr.KERNEL_GS_BASE]);

const OPPOSITE_VERDICTS: readonly Verdict[] = [
  { index: Msr.IA32_SYSENTER_CS, denied: "write" },
  { index: Msr.KERNEL_GS_BASE, denied: "read" },
  ...verdicts("neither", [Msr.KVM_SYSTEM_TIME_NEW, 0x474f_4f00]),
  ...verdicts("read-write", [Msr.IA32_PAT, Msr.SYSCALL_MASK, 0x1fff, 0x2000]),
];

/** The slots of {@linkcode oppositeRanges} that may hold something else without changing a verdict. */
export const SPARE_SLOTS: readonly number[] = [0, 7, 15];

/** All 16 slots of the opposite filter, whatever its default; `filled` go where there is room. */
export function oppositeRanges(filled: Readonly<Record<number, RawRange>> = {}): RawRange[] {
  const ranges = {
    0: denying(0x3000),
    1: denying(Msr.IA32_SYSENTER_CS, 1, KVM_MSR_FILTER_WRITE),
    2: allowing(Msr.IA32_SYSENTER_CS, 1, KVM_MSR_FILTER_READ),
    3: denying(Msr.KERNEL_GS_BASE, 1, KVM_MSR_FILTER_READ),
    4: allowing(Msr.KERNEL_GS_BASE, 1, KVM_MSR_FILTER_WRITE),
    5: allowing(Msr.KVM_SYSTEM_TIME_NEW),
    6: allowing(0x474f_4f00),
    7: denying(0x3001),
    8: denying(Msr.IA32_PAT),
    9: denying(Msr.SYSCALL_MASK),
    10: denying(0x1fff, 2),
    15: denying(0x3002),
  };
  return slots({ ...ranges, ...filled });
}

/** A VM under the standing filter, with a guest that walks lists. */
export interface StandingGuest extends Disposable {
  /** The VM; FILTER is enabled. */
  readonly vm: Vm;
  /** Its guest. */
  readonly session: Session;
  /**
   * Lifts the filter until a guest of the VM, by default this one, has run without it, and sets it
   * anew, after `meanwhile`: its vCPU knows nothing of that yet.
   */
  renew(of?: Session, meanwhile?: () => void): void;
}

/** Installs the standing filter in `vm`, which the guest then closes. */
export function bootStanding(vm: Vm): StandingGuest {
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  vm.setMsrFilter(STANDING);
  assertStanding(session, "before anything was refused");
  const renew: StandingGuest["renew"] = (of = session, meanwhile = () => {}) => {
    vm.setMsrFilter(MsrFilter.ALLOW_ALL);
    assertVerdicts(of, "without a filter", UNFILTERED_VERDICTS);
    meanwhile();
    vm.setMsrFilter(STANDING);
  };
  return { vm, session, renew, [Symbol.dispose]: () => vm.close() };
}

/** Asserts that the standing filter decides what the guest does. */
export function assertStanding(session: Session, circumstances: string): void {
  assertVerdicts(session, circumstances, STANDING_VERDICTS);
}

/** Asserts that the opposite filter decides what the guest does. */
export function assertOpposite(session: Session, circumstances: string): void {
  assertVerdicts(session, circumstances, OPPOSITE_VERDICTS);
}
