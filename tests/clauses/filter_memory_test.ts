/**
 * What filters leave behind in the kernel's memory.
 *
 * @module
 */
import { assert } from "@std/assert";
import {
  type EncodedMsrFilter,
  encodeRawMsrFilter,
  IOCTL,
  MAX_MSRS_PER_RANGE,
  type RawResult,
  type Vm,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { slabGrowth } from "../support/kernel_memory.ts";
import {
  assertAccepted,
  assertRefused,
  BOTH,
  denying,
  type RawRange,
  slots,
} from "../support/raw_filter.ts";

const LONGEST = denying(0, MAX_MSRS_PER_RANGE);

/**
 * 16 ranges as long as can be, with a bitmap of 1.5 KiB each, which the kernel
 * keeps in 2 KiB; `bad` stands in slot `slot`.
 */
function fullFilter(slot?: number, bad: RawRange = LONGEST): EncodedMsrFilter {
  return encodeRawMsrFilter({
    flags: 0,
    ranges: slots(slot === undefined ? {} : { [slot]: bad }, LONGEST),
  });
}

const FULL = fullFilter();
const NONE = encodeRawMsrFilter({ flags: 0, ranges: [] });
const ONE = encodeRawMsrFilter({ flags: 0, ranges: [LONGEST] });
/** Set in turn, so that filters of each length are replaced by longer and by shorter ones. */
const REPLACING = [FULL, NONE, NONE, ONE];

/** Refused once the kernel has made what the slots before the bad one need. */
const REFUSED: readonly (readonly ["EINVAL" | "EFAULT", EncodedMsrFilter])[] = [
  ["EINVAL", fullFilter(15, denying(0, 1, 4 | BOTH))],
  ["EINVAL", fullFilter(15, denying(0, 1, 0))],
  ["EFAULT", fullFilter(15, { ...LONGEST, bitmap: 0n })],
  ["EFAULT", fullFilter(0, { ...LONGEST, bitmap: 0n })],
];

const REFUSALS = 2000;
/** Each waits for a grace period. */
const REPLACEMENTS = 400;
const VMS = 100;

/** Less than what leaks with the half KiB of a filter without its bitmaps each time. */
const ALLOWED_KIB = 40;
const TRIES = 12;

function set(vm: Vm, { bytes }: EncodedMsrFilter): RawResult {
  return vm.raw(IOCTL.X86_SET_MSR_FILTER, bytes);
}

function assertNoLeak(what: string, body: () => void): void {
  const growth = slabGrowth(body, ALLOWED_KIB, TRIES);
  assert(growth <= ALLOWED_KIB, `The kernel's slabs grow by ${growth} KiB while ${what}`);
}

function refuse(vm: Vm): void {
  for (let i = 0; i < REFUSALS; i++) {
    const [errno, filter] = REFUSED[i % REFUSED.length]!;
    assertRefused(set(vm, filter), errno, `refusal ${i}`);
  }
}

clause(
  "X-110",
  "neither a filter that is refused, nor one replaced, nor that of a closed VM stays in memory",
  { nativeOnly: "no guest runs" },
  ({ kvm }) => {
    using vm = kvm.createVm();
    assertNoLeak("filters are refused", () => refuse(vm));
    assertNoLeak("filters are replaced", () => {
      for (let i = 0; i < REPLACEMENTS; i++) {
        assertAccepted(set(vm, REPLACING[i % REPLACING.length]!), `filter ${i}`);
      }
    });
    assertNoLeak("VMs with filters are closed", () => {
      for (let i = 0; i < VMS; i++) {
        using closed = kvm.createVm();
        if (i % 2 === 0) closed.createVcpu();
        assertAccepted(set(closed, FULL), `the filter of VM ${i}`);
      }
    });
  },
);
