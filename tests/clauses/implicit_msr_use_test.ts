/**
 * Instructions that use MSRs without naming one: no filter governs those uses.
 *
 * @module
 */
import { clause } from "../support/clause.ts";
import { assertNotFiltered, oneWorks, reportLeftOut } from "../support/implicit_use.ts";
import { SYSENTER, SYSEXIT, SYSTEM_CALLS } from "../support/implicit_transfers.ts";
import { COUNTERS, CPUID, RDPID, SEGMENT_BASES, TIMESTAMPS } from "../support/implicit_values.ts";

/** Forced emulation is for another clause. */
const NATIVE = { nativeOnly: "F-29 has these instructions emulated" };

clause(
  "F-26",
  "RDPID reads TSC_AUX, whatever the filter says of it",
  { ...NATIVE, requires: [oneWorks([RDPID])] },
  ({ kvm }) => assertNotFiltered(kvm, [RDPID]),
);

const FAST_CALLS = [...SYSENTER, ...SYSEXIT];

clause(
  "F-27",
  "SYSENTER and SYSEXIT use their MSRs, whatever the filter says of them",
  { ...NATIVE, requires: [oneWorks(FAST_CALLS)] },
  ({ kvm }) => assertNotFiltered(kvm, FAST_CALLS),
);
reportLeftOut("F-27", FAST_CALLS);

const OTHERS = [...TIMESTAMPS, ...SYSTEM_CALLS, ...SEGMENT_BASES, ...COUNTERS, CPUID];

clause(
  "F-28",
  "no filter governs the MSRs that RDTSC, RDTSCP, SYSCALL, SYSRET, SWAPGS, RDPMC, CPUID and " +
    "the instructions for segment bases use",
  { ...NATIVE, requires: [oneWorks(OTHERS)] },
  ({ kvm }) => assertNotFiltered(kvm, OTHERS),
);
reportLeftOut("F-28", OTHERS);
