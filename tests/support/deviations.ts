/**
 * Recorded deviations: where a running KVM is known to break a clause. The
 * clause keeps its expectation; a deviation that is absent where it is
 * expected, or present where it is not, fails the suite.
 *
 * @module
 */
import type { Deviation } from "./deviation.ts";
import { type Facts, isQemuSvm, moduleParameter } from "./facts.ts";
import { isKernelFrom } from "./kernel_version.ts";
import { NESTED_DEVIATIONS } from "./nested_deviations.ts";

const EMULATOR_CAUSE =
  "KVM's emulator has one way to an MSR for all instructions, and before 5.18 the filter was asked " +
  "on it; a denied access of RDPID or SYSEXIT is no error there, so the value is what the variable " +
  "held before.";

function filtersEmulator(facts: Facts): boolean {
  return !isKernelFrom(facts, [5, 18]);
}

const WIDE_ECX_EVIDENCE =
  "Debian's Linux 5.10, 6.1, 6.12 and 7 with kvm_amd in QEMU 7.2 without KVM, and 6.12 in QEMU 10: " +
  "with RCX 0xffffffff00000174, RDMSR does not exit where a filter denies 0x174; so for others up " +
  "to 0x1fff.";
const WIDE_ECX_SEEN = /^Wanted KVM_EXIT_X86_RDMSR .*got KVM_EXIT_IO [^]*rcx=ffffffff00000174/;
const WIDE_ECX_CAUSE =
  "Not KVM but QEMU's emulated CPU: where it looks into the MSR permission map for an MSR up to " +
  "0x1fff, it takes all of RCX.";

const EMULATOR_REPEATS =
  "Before 5.17 KVM's emulator does not finish a denied access: RIP is then behind the prefix, and " +
  "the CPU executes the access once more.";

function repeatsNatively(facts: Facts): boolean {
  return !isKernelFrom(facts, [5, 17]);
}

function letsDeadlinePass(facts: Facts): boolean {
  return facts.vendorModule === "kvm_intel" &&
    (moduleParameter(facts, "kvm_intel", "preemption_timer") === "Y" ||
      isKernelFrom(facts, [6, 18]));
}

const DEVIATIONS: readonly Deviation[] = [
  {
    id: "D-01",
    clause: "X-75",
    execution: "native",
    evidence:
      "Debian's Linux 5.10, 6.1, 6.12 and 7 with kvm_intel on an emulated Broadwell: a guest's " +
      "WRMSR to IA32_TSC_DEADLINE passes a filter that denies it, without an exit and without a #GP.",
    seen: /write of IA32_TSC_DEADLINE .*got no exit/,
    cause: "The WRMSR fastpath handles the MSR before the filter is asked, where KVM times " +
      "deadlines with the VMX preemption timer; from 6.18 on it does so always.",
    expected: letsDeadlinePass,
  },
  {
    id: "D-02",
    clause: "F-26",
    evidence: "Debian's Linux 5.10 with kvm_amd on an emulated CPU without RDPID: RDPID gives 0 " +
      "where a filter denies reads of TSC_AUX.",
    seen: /RDPID .* to do its work, got rax 0x0 /,
    cause: EMULATOR_CAUSE,
    expected: (facts) => filtersEmulator(facts) && !facts.host.cpuFlags.has("rdpid"),
  },
  {
    id: "D-03",
    clause: "F-27",
    evidence: "Debian's Linux 5.10 with kvm_amd: SYSEXIT in 64-bit mode, which AMD's CPUs do not " +
      "have, arrives with a CS made of what lay on the kernel's stack where a filter denies reads " +
      "of SYSENTER_CS.",
    seen: /SYSEXIT in 64-bit mode .* to do its work, got /,
    cause: EMULATOR_CAUSE,
    expected: (facts) => filtersEmulator(facts) && facts.vendorModule === "kvm_amd",
  },
  {
    id: "D-04",
    clause: "F-29",
    evidence: "Debian's Linux 5.10 with kvm_amd: emulated RDPID gives 0 where a filter denies " +
      "reads of TSC_AUX; RDTSC, SYSCALL, SYSENTER and SYSEXIT go wrong in the same way.",
    seen: /emulated \w+ .* to do its work, got /,
    cause: EMULATOR_CAUSE,
    expected: filtersEmulator,
  },
  {
    id: "D-05",
    clause: "X-89",
    evidence: "Debian's Linux 5.10 with kvm_amd: RSM ends in KVM_EXIT_INTERNAL_ERROR, suberror " +
      "EMULATION, where a filter denies EFER.",
    seen: /RSM .* to do its work, got KVM_EXIT_INTERNAL_ERROR/,
    cause: EMULATOR_CAUSE,
    expected: filtersEmulator,
  },
  {
    id: "D-06",
    clause: "X-55",
    execution: "native",
    evidence: WIDE_ECX_EVIDENCE,
    seen: WIDE_ECX_SEEN,
    cause: WIDE_ECX_CAUSE,
    expected: isQemuSvm,
  },
  {
    id: "D-07",
    clause: "X-55",
    execution: "forced emulation",
    evidence: WIDE_ECX_EVIDENCE,
    seen: WIDE_ECX_SEEN,
    cause: `${WIDE_ECX_CAUSE} Before 5.17 KVM's emulator does not finish a denied access but has ` +
      "the CPU execute it.",
    expected: (facts) => isQemuSvm(facts) && !isKernelFrom(facts, [5, 17]),
  },
  {
    id: "D-08",
    clause: "X-102",
    evidence:
      "Debian's Linux 6.12 with kvm_amd and kvm_intel: the guest takes the #GP of the refused " +
      "access and never the interrupt that KVM_INTERRUPT had queued.",
    seen: /refused, an interrupt by KVM_INTERRUPT .*: the guest took #GP \(13\) at access/,
    cause:
      "kvm_run says that the vCPU is ready although the access is yet to complete. The #GP goes " +
      "first, and svm_complete_interrupts() and vmx_complete_interrupts() empty the queue of " +
      "interrupts after every run, also of one that was not delivered.",
    expected: ({ vendorModule }) => vendorModule === "kvm_amd" || vendorModule === "kvm_intel",
  },
  {
    id: "D-18",
    clause: "X-93",
    evidence: "Debian's Linux 5.10 with kvm_amd: 400 denied reads behind one range that does not " +
      "match them count as 809 exits.",
    seen: /behind \d+ ranges: \d+ exits for \d+ denied accesses/,
    cause: "The line that counts an exit belongs into vcpu_enter_guest(); in the backport to " +
      "5.10.y it stands in kvm_msr_allowed(), where each range that is looked at counts.",
    expected: (facts) => !isKernelFrom(facts, [5, 11]),
  },
  {
    id: "D-19",
    clause: "X-68",
    execution: "forced emulation",
    evidence:
      "Debian's Linux 5.10 with kvm_amd and kvm_intel: with TF set a #DB comes before the access too.",
    seen: /read of IA32_SYSENTER_CS \(0x174\)[^]*#DB \(1\) at access, #DB \(1\) at after/,
    cause: EMULATOR_REPEATS,
    expected: repeatsNatively,
  },
  {
    id: "D-20",
    clause: "X-70",
    execution: "forced emulation",
    evidence:
      "Debian's Linux 5.10 with kvm_amd and kvm_intel: the interrupt that waits behind an " +
      "STI comes before the access and not after it.",
    seen: /took vector 33 at access; wanted vector 33 at after/,
    cause: EMULATOR_REPEATS,
    expected: repeatsNatively,
  },
  {
    id: "D-21",
    clause: "X-97",
    execution: "forced emulation",
    evidence: "Debian's Linux 5.10 with kvm_amd: as natively, D-09.",
    seen: /of an L2 that ran before .*got no exit/,
    cause: EMULATOR_REPEATS,
    expected: (facts) => facts.vendorModule === "kvm_amd" && repeatsNatively(facts),
  },
  {
    id: "D-22",
    clause: "X-87",
    evidence:
      "Debian's Linux 5.10 with kvm_amd and kvm_intel: a native WRMSR of an invalid value to " +
      "IA32_MTRR_PHYSBASE0 exits with the reason inval, and refused it raises #DF.",
    seen: /got #DF \(8\)[^]*=> [0-9a-f]+ +0f 30 +wrmsr/,
    cause:
      "kvm_mtrr_valid() of 5.10 queues a #GP by itself and lets the write fail besides, which " +
      "then exits; a refusal queues another #GP, and the two make a #DF. In 6.1 it just fails.",
    expected: repeatsNatively,
  },
  {
    id: "D-23",
    clause: "X-75",
    execution: "forced emulation",
    evidence: "Debian's Linux 5.10 with kvm_intel: as natively, D-01.",
    seen: /write of IA32_TSC_DEADLINE .*got no exit/,
    cause: EMULATOR_REPEATS,
    expected: (facts) => letsDeadlinePass(facts) && repeatsNatively(facts),
  },
  {
    id: "D-25",
    clause: "X-101",
    evidence: "Debian's Linux 5.10 with kvm_intel: the step over such a write is lost.",
    seen: /write of /,
    cause:
      "The WRMSR fastpath ignores what kvm_skip_emulated_instruction() returns, in 6.1 as in " +
      "5.10; 6.12 leaves to user space where it asks for that.",
    expected: (facts) => facts.vendorModule === "kvm_intel" && !isKernelFrom(facts, [6, 12]),
  },
  {
    id: "D-26",
    clause: "X-109",
    execution: "forced emulation",
    evidence:
      "Debian's Linux 5.10 with kvm_amd and kvm_intel: where a signal ends KVM_RUN between the " +
      "emulation of a denied access and its repetition by the CPU, the access ends without an " +
      "exit, a read with what kvm_run holds.",
    seen: /Wanted KVM_EXIT_X86_(?:RD|WR)MSR|what the guest writes after its read/,
    cause: `${EMULATOR_REPEATS} The completion of the exit that was never made is left behind; ` +
      "vcpu_run() returns EINTR, and the next entry completes the access unanswered.",
    expected: repeatsNatively,
  },
  ...["X-57", "X-88"].map((clause, i): Deviation => ({
    id: `D-${27 + i}`,
    clause,
    evidence:
      "Debian's Linux 5.10 with kvm_amd in QEMU 7.2 without KVM: behind an RDMSR that ends " +
      "at 0xffffffff, RIP is 0x100000000.",
    seen: /0x100000000/,
    cause:
      "Where the CPU does not save the next RIP, svm.c has the emulator skip the instruction, " +
      "which before 5.17 does not cut RIP to 32 bits.",
    expected: (facts) => isQemuSvm(facts) && !isKernelFrom(facts, [5, 17]),
  })),
  {
    id: "D-30",
    clause: "X-82",
    execution: "native",
    evidence:
      "Debian's Linux 6.12 with kvm_intel: once the guest has written SPEC_CTRL, it reads and " +
      "writes it under every filter that is set later, one that denies all among them; not on 6.1.",
    seen: /IA32_SPEC_CTRL \(0x48\) .*got no exit/,
    cause:
      "vmx_get_passthrough_msr_slot() takes 0x48 for a last-branch record, for its case of these " +
      "goes one too far, to MSR_LBR_CORE_FROM + 8. KVM then does not remember that it has passed " +
      "SPEC_CTRL through, and vmx_msr_filter_changed() passes over it. 6.17 does it another way.",
    expected: (facts) =>
      facts.vendorModule === "kvm_intel" && isKernelFrom(facts, [6, 10]) &&
      !isKernelFrom(facts, [6, 17]),
  },
  ...NESTED_DEVIATIONS,
];

/** All recorded deviations of a clause, under whichever execution. */
export function deviationsOf(clause: string): readonly Deviation[] {
  return DEVIATIONS.filter((deviation) => deviation.clause === clause);
}
