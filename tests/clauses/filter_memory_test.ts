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

/** Refused once the kernel has made what the slots before the bad one need. */
const REFUSED: readonly (readonly ["EINVAL" | "EFAULT", EncodedMsrFilter])[] = [
  ["EINVAL", fullFilter(15, denying(0, 1, 4 | BOTH))],
  ["EINVAL", fullFilter(15, denying(0, 1, 0))],
  ["EFAULT", fullFilter(15, { ...LONGEST, bitmap: 0n })],
  ["EFAULT", fullFilter(0, { ...LONGEST, bitmap: 0n })],
];

const REFUSALS = 2000;
/** Each waits for a grace period. */
const REPLACEMENTS = 100;
const VMS = 100;

/** A tenth of what leaks with a whole filter each time, and less than with a bitmap a refusal. */
const ALLOWED_KIB = 320;
const TRIES = 4;

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
      for (let i = 0; i < REPLACEMENTS; i++) assertAccepted(set(vm, FULL), `filter ${i}`);
    });
    assertNoLeak("VMs with filters are closed", () => {
      for (let i = 0; i < VMS; i++) {
        using closed = kvm.createVm();
        assertAccepted(set(closed, FULL), `the filter of VM ${i}`);
      }
    });
  },
);
