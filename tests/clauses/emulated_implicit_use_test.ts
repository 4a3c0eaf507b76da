/**
 * Instructions that use MSRs without naming one, executed by KVM's emulator.
 *
 * @module
 */
import { clause } from "../support/clause.ts";
import { assertNotFiltered, oneWorks, reportLeftOut } from "../support/implicit_use.ts";
import { SYSENTER, SYSEXIT, SYSTEM_CALLS } from "../support/implicit_transfers.ts";
import { COUNTERS, CPUID, RDPID, SEGMENT_BASES, TIMESTAMPS } from "../support/implicit_values.ts";
import { capability, forcesEmulation } from "../support/requirements.ts";
import { RSM } from "../support/smm.ts";

const ALL = [
  RDPID,
  ...SYSENTER,
  ...SYSEXIT,
  ...TIMESTAMPS,
  ...SYSTEM_CALLS,
  ...SEGMENT_BASES,
  ...COUNTERS,
  CPUID,
];

clause(
  "F-29",
  "no filter governs the MSRs that an instruction uses of itself when KVM emulates it",
  {
    nativeOnly: "the guests have the prefix in any case",
    requires: [forcesEmulation, oneWorks(ALL, "emulated")],
  },
  ({ kvm }) => assertNotFiltered(kvm, ALL, "emulated"),
);
reportLeftOut("F-29", ALL, "emulated", [forcesEmulation]);

clause(
  "X-89",
  "no filter governs the MSRs that KVM uses when it emulates RSM, RDPID, SYSENTER and SYSEXIT",
  {
    nativeOnly: "KVM emulates RSM in any case, and the other guests have the prefix",
    requires: [capability("X86_SMM"), oneWorks([RSM])],
  },
  ({ kvm }) => {
    assertNotFiltered(kvm, [RSM]);
    assertNotFiltered(kvm, [RDPID, ...SYSENTER, ...SYSEXIT], "emulated");
  },
);
