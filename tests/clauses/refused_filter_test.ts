/**
 * A filter that is refused leaves no trace.
 *
 * @module
 */
import {
  HostMemory,
  IOCTL,
  type Kvm,
  MsrFilter,
  type RawResult,
  type Vm,
} from "@trapline/trapline";
import { assertVerdicts, verdicts } from "../support/assert_verdicts.ts";
import { bootWalker } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { KNOWN_EVERYWHERE } from "../support/msr_space.ts";
import {
  assertAccepted,
  assertRefused,
  BOTH,
  denying,
  HOLE,
  type RawRange,
  setRawFilter,
  slots,
} from "../support/raw_filter.ts";
import {
  assertOpposite,
  assertStanding,
  bootStanding,
  oppositeRanges,
} from "../support/standing_filter.ts";

interface Refusal {
  readonly what: string;
  readonly errno: "EINVAL" | "EFAULT";
  readonly attempt: (vm: Vm) => RawResult;
}

/** Slots that are refused, each for another reason. */
function badRanges(memory: HostMemory): readonly [string, Refusal["errno"], RawRange][] {
  return [
    ["an unknown range flag", "EINVAL", denying(0x3000, 1, 4 | BOTH)],
    ["range flags 0", "EINVAL", denying(0x3000, 1, 0)],
    ["0x3001 MSRs", "EINVAL", denying(0x3000, 0x3001)],
    ["0xffffffff MSRs", "EINVAL", { ...denying(0x3000, 64), nmsrs: 0xffff_ffff }],
    ["a NULL bitmap", "EFAULT", { ...denying(0x3000), bitmap: 0n }],
    ["a bitmap cut short", "EFAULT", { ...denying(0x3000, 65), bitmap: memory.end - 8n }],
  ];
}

/** Every way in which a filter is refused: in the first, a middle and the last slot, and as a whole. */
function refusals(memory: HostMemory): Refusal[] {
  const bySlot = badRanges(memory).flatMap(([what, errno, bad]) =>
    [0, 7, 15].map((slot, i): Refusal => ({
      what: `${what} in slot ${slot}`,
      errno,
      attempt: (vm) => setRawFilter(vm, { flags: i % 2, ranges: oppositeRanges({ [slot]: bad }) }),
    }))
  );
  const whole: Refusal[] = [
    {
      what: "an unknown filter flag",
      errno: "EINVAL",
      attempt: (vm) => setRawFilter(vm, { flags: 2, ranges: oppositeRanges() }),
    },
    {
      what: "deny by default without ranges",
      errno: "EINVAL",
      attempt: (vm) => setRawFilter(vm, { flags: 1, ranges: slots({}, HOLE) }),
    },
    {
      what: "a structure that cannot be read",
      errno: "EFAULT",
      attempt: (vm) => vm.raw(IOCTL.X86_SET_MSR_FILTER, memory.end - 8n),
    },
  ];
  return [...bySlot, ...whole];
}

function assertNothingChanges(kvm: Kvm, memory: HostMemory, filter: MsrFilter | undefined): void {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  if (filter !== undefined) vm.setMsrFilter(filter);
  const session = bootWalker(vm);
  const probes = [...KNOWN_EVERYWHERE.map(({ index }) => index), 0x1fff, 0x474f_4f00, 0xffff_ffff];
  const wanted = verdicts(filter === undefined ? "neither" : "read-write", probes);
  const what = filter === undefined ? "no filter was ever set" : `under ${filter}`;
  assertVerdicts(session, what, wanted);
  for (const errno of ["EINVAL", "EFAULT"] as const) {
    for (const refusal of refusals(memory).filter((refusal) => refusal.errno === errno)) {
      assertRefused(refusal.attempt(vm), errno, refusal.what);
    }
    assertVerdicts(session, `${what}, after every kind of ${errno}`, wanted);
  }
  const later = bootWalker(vm);
  assertVerdicts(later, `${what}, on a vCPU made after the refusals`, wanted);
}

clause(
  "X-31",
  "a filter that is refused leaves the previous one in force, all of it",
  ({ kvm }) => {
    using memory = HostMemory.allocate(1);
    using guest = bootStanding(kvm.createVm());
    for (const { what, errno, attempt } of refusals(memory)) {
      assertRefused(attempt(guest.vm), errno, what);
      assertStanding(guest.session, `after ${what} was refused`);
    }
    const later = bootWalker(guest.vm);
    assertStanding(later, "on a vCPU made after the refusals");
    assertAccepted(setRawFilter(guest.vm, { flags: 0, ranges: oppositeRanges() }), "no defect");
    assertOpposite(guest.session, "the same filter without a defect");
    assertNothingChanges(kvm, memory, undefined);
    assertNothingChanges(kvm, memory, MsrFilter.DENY_ALL);
  },
);
