/**
 * Recorded deviations of guests that are hypervisors.
 *
 * @module
 */
import type { Deviation } from "./deviation.ts";
import { isKernelFrom } from "./kernel_version.ts";

/** All of them. */
export const NESTED_DEVIATIONS: readonly Deviation[] = [
  {
    id: "D-09",
    clause: "X-97",
    execution: "native",
    evidence: "Debian's Linux 5.10, 6.1, 6.12 and 7 with kvm_amd and kvm_intel: L2 " +
      "goes on reading those MSRs that it may reach without an exit, FS_BASE among them, after a " +
      "filter denies them, until L1 enters it again.",
    seen: /of an L2 that ran before .*got no exit/,
    cause:
      "svm_msr_filter_changed() and vmx_msr_filter_changed() change L1's bitmap. The one for " +
      "L2 is merged from it when L1 enters L2, by nested_svm_vmrun_msrpm() or " +
      "nested_vmx_prepare_msr_bitmap(), and not when the filter changes while the vCPU is in L2.",
    expected: ({ vendorModule }) => vendorModule === "kvm_amd" || vendorModule === "kvm_intel",
  },
  {
    id: "D-10",
    clause: "X-90",
    execution: "native",
    evidence: "Debian's Linux 5.10 with kvm_intel: L2 reads FS_BASE, GS_BASE and KERNEL_GS_BASE, " +
      "without an exit and without a #GP, where a filter denies them.",
    seen: /of an L2 with an MSR map, .*got no exit/,
    cause: "Before 5.16 nested_vmx_prepare_msr_bitmap() lets L2 have these where L1 does not " +
      "intercept them, without a look at the bitmap that the filter has changed.",
    expected: (facts) => facts.vendorModule === "kvm_intel" && !isKernelFrom(facts, [5, 16]),
  },
  ...["X-90", "X-91", "X-97"].map((clause, i): Deviation => ({
    id: `D-${11 + i}`,
    clause,
    execution: "forced emulation",
    evidence:
      "Debian's Linux 5.10, 6.1, 6.12 and 7 with kvm_intel: an emulated RDMSR or WRMSR in " +
      "L2 raises #UD.",
    seen: /got #UD \(6\)/,
    cause: "The emulator asks whether L1 intercepts the instruction, and vmx_check_intercept() " +
      "has no answer for these two; what cannot be emulated in L2 becomes a #UD.",
    expected: ({ vendorModule }) => vendorModule === "kvm_intel",
  })),
  ...["F-31", "F-32", "F-33", "F-34"].map((clause, i): Deviation => ({
    id: ["D-14", "D-15", "D-16", "D-29"][i]!,
    clause,
    evidence: "Debian's Linux 6.1 with kvm_intel: L2 is entered and left, and denied entries of " +
      "the lists are loaded and stored; 5.10, 6.12 and 7 refuse them.",
    seen: /entry \d of the list, |why L1 does not enter L2, entryLoad/,
    cause: "From 5.18 to 6.11 the filter is asked for RDMSR and WRMSR alone; their " +
      "documentation says that the lists are not filtered. 6.12 filters them again.",
    expected: (facts) =>
      facts.vendorModule === "kvm_intel" && isKernelFrom(facts, [5, 18]) &&
      !isKernelFrom(facts, [6, 12]),
  })),
  {
    id: "D-17",
    clause: "X-92",
    evidence: "Debian's Linux 5.10, 6.1, 6.12 and 7 with kvm_intel: the VM exit stores the TSC.",
    seen: /IA32_TSC is in the list, and its reads are denied/,
    cause:
      "nested_vmx_get_vmexit_msr_value() gives the TSC that the CPU itself has stored at the " +
      "exit from L2, before it comes to the filter.",
    expected: ({ vendorModule }) => vendorModule === "kvm_intel",
  },
  {
    id: "D-24",
    clause: "X-91",
    execution: "native",
    evidence:
      "Debian's Linux 5.10 with kvm_intel: L2 reads FS_BASE itself though L1 intercepts it.",
    seen: /read of FS_BASE .*\(L1 intercepts all\).*got no exit/,
    cause:
      "Before 5.16 nested_vmx_prepare_msr_bitmap() lets L2 have what L1 does not intercept, and " +
      "sets no bit again but those of x2APIC MSRs: what L1 once left to L2 stays with L2.",
    expected: (facts) => facts.vendorModule === "kvm_intel" && !isKernelFrom(facts, [5, 16]),
  },
  {
    id: "D-31",
    clause: "X-114",
    execution: "native",
    evidence: "Debian's Linux 5.10 with kvm_intel: L2 reads KERNEL_GS_BASE as with D-10, however " +
      "often L1 enters it.",
    seen: /of an L2 that was entered again after .*got no exit/,
    cause: "That of D-10.",
    expected: (facts) => facts.vendorModule === "kvm_intel" && !isKernelFrom(facts, [5, 16]),
  },
];
