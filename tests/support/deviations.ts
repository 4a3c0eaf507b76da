/**
 * Recorded deviations: where a running KVM is known to break a clause. The
 * clause keeps its expectation; a deviation that is absent where it is
 * expected, or present where it is not, fails the suite.
 *
 * @module
 */
import { type Facts, moduleParameter } from "./facts.ts";
import { isKernelFrom } from "./kernel_version.ts";

/** A clause known to be broken somewhere, with the evidence. */
export interface Deviation {
  /** Stable id, `D-01`. */
  readonly id: string;
  /** The clause that is broken. */
  readonly clause: string;
  /** What was seen, on which kernel and vendor. */
  readonly evidence: string;
  /** Why, as far as the kernel's sources tell. */
  readonly cause: string;
  /** Whether it is expected on a host. */
  readonly expected: (facts: Facts) => boolean;
}

const DEVIATIONS: readonly Deviation[] = [
  {
    id: "D-01",
    clause: "X-75",
    evidence: "Debian's Linux 5.10 and 6.12 with kvm_intel on an emulated Broadwell: a guest's " +
      "WRMSR to IA32_TSC_DEADLINE passes a filter that denies it, without an exit and without a #GP.",
    cause: "The WRMSR fastpath handles the MSR before the filter is asked, where KVM times " +
      "deadlines with the VMX preemption timer; from 6.18 on it does so always.",
    expected: (facts) =>
      facts.vendorModule === "kvm_intel" &&
      (moduleParameter(facts, "kvm_intel", "preemption_timer") === "Y" ||
        isKernelFrom(facts, [6, 18])),
  },
];

/** All recorded deviations of a clause. */
export function deviationsOf(clause: string): readonly Deviation[] {
  return DEVIATIONS.filter((deviation) => deviation.clause === clause);
}
