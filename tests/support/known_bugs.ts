/**
 * Bugs of KVM's MSR filtering that are known from its history and its mailing
 * lists, and the clauses that decide whether a kernel has them.
 *
 * @module
 */

/** A bug that some kernels have or had. */
export interface KnownBug {
  /** Stable id, `B01`. */
  readonly id: string;
  /** What is wrong. */
  readonly title: string;
  /** Which kernels have it, as far as their sources tell. */
  readonly kernels: string;
  /** The clauses that decide it. */
  readonly clauses: readonly string[];
  /** The recorded deviations by which it shows. */
  readonly deviations?: readonly string[];
  /** The clauses have it as it is, so that it is there where they hold. */
  readonly isPromised?: true;
  /** Why no clause decides it, or what of it is left undecided. */
  readonly remark?: string;
}

/** All of them, in the order of their ids. */
export const KNOWN_BUGS: readonly KnownBug[] = [
  {
    id: "B01",
    title: "The WRMSR fastpath writes IA32_TSC_DEADLINE without asking the filter",
    kernels: "Intel with the VMX preemption timer; from 6.18 on AMD too",
    clauses: ["X-75", "X-76"],
    deviations: ["D-01", "D-23"],
  },
  {
    id: "B02",
    title: "The MSR lists of nested VM-entry and VM-exit are not filtered",
    kernels: "5.18 to 6.11, Intel",
    clauses: ["F-31", "F-32", "F-33", "F-34"],
    deviations: ["D-14", "D-15", "D-16"],
  },
  {
    id: "B03",
    title: "The TSC in the list of a nested VM-exit is stored though reads of it are denied",
    kernels: "all, Intel",
    clauses: ["X-92"],
    deviations: ["D-17"],
  },
  {
    id: "B04",
    title: "L2's merged MSR bitmap leaves FS_BASE and GS_BASE to L2 though they are denied",
    kernels: "5.10 to 5.15, Intel",
    clauses: ["X-90", "X-91", "X-114"],
    deviations: ["D-10", "D-24", "D-31"],
    remark: "X-97 has what is left of it in later kernels: a filter that is set while L2 runs.",
  },
  {
    id: "B05",
    title: "Last-branch records that were passed through stay so when a filter denies them",
    kernels: "from 6.18 on, AMD with virtualised last-branch records; predicted from the sources",
    clauses: ["X-83"],
  },
  {
    id: "B06",
    title: "MSRs that are passed through ignore the filter",
    kernels: "none released",
    clauses: ["X-34", "X-73"],
  },
  {
    id: "B07",
    title: "x2APIC MSRs are beyond the filter, and their faults still exit",
    kernels: "all, as documented",
    clauses: ["F-35", "F-36", "X-66"],
    isPromised: true,
    remark: "What APICv and AVIC leave to the CPU needs a CPU that has them.",
  },
  {
    id: "B08",
    title: "The filter is read without protection; a failed call leaves half a filter",
    kernels: "5.10.0 to 5.10.2x, 5.11",
    clauses: ["F-37", "X-31", "X-43", "X-110"],
    remark: "A race needs two processors to be likely; a sandbox has one.",
  },
  {
    id: "B09",
    title: "A 32-bit caller gets ENOTTY for KVM_X86_SET_MSR_FILTER",
    kernels: "before 6.1, but for later stable releases",
    clauses: ["X-27"],
  },
  {
    id: "B10",
    title: "Unknown flags are accepted",
    kernels: "5.10.0, 5.15.0",
    clauses: ["U-11", "X-13", "X-14", "X-25"],
  },
  {
    id: "B11",
    title: "A range's bitmap is copied before its flags are checked: EFAULT comes before EINVAL",
    kernels: "before 6.1",
    clauses: ["X-20"],
    isPromised: true,
    remark: "The clause wants EFAULT of these kernels and EINVAL of the later ones.",
  },
  {
    id: "B12",
    title: "The documentation has the end of a range wrong, and not its greatest length",
    kernels: "to 6.1; the length in none",
    clauses: ["F-16", "X-16"],
    isPromised: true,
    remark: "The code was never wrong: the clauses have what it does.",
  },
  {
    id: "B13",
    title: "A range that reaches 2^32 matches nothing",
    kernels: "all",
    clauses: ["X-05", "X-06"],
    isPromised: true,
  },
  {
    id: "B14",
    title: "A bitmap is read up to the next 8 bytes",
    kernels: "all",
    clauses: ["X-19"],
    isPromised: true,
  },
  {
    id: "B15",
    title: "An emulated access that exits is completed as one by the CPU: wrong RIP, or done again",
    kernels: "before 5.17",
    clauses: ["X-57", "X-68", "X-70", "X-88", "X-109"],
    deviations: ["D-19", "D-20", "D-26"],
  },
  {
    id: "B16",
    title: "Emulated RDPID, SYSENTER, SYSCALL and RSM ask the filter",
    kernels: "before 5.18",
    clauses: ["F-26", "F-27", "F-29", "X-89"],
    deviations: ["D-02", "D-03", "D-04", "D-05"],
  },
  {
    id: "B17",
    title: "The #GP of a refused access is queued for a guest into which none can be injected",
    kernels: "5.10, AMD with SEV-ES",
    clauses: [],
    remark: "It needs a confidential guest (SEV-ES, TDX), which no emulated CPU offers.",
  },
  {
    id: "B18",
    title: "A single step over a write that the fastpath makes is lost",
    kernels: "before 6.12, Intel",
    clauses: ["X-101"],
    deviations: ["D-25"],
    remark: "Its twin on AMD needs a CPU that does not save the next RIP, and a later kernel.",
  },
  {
    id: "B19",
    title: "A failed read gives what lay in KVM's memory",
    kernels: "before 6.12, and KVM_GET_MSRS before 6.11",
    clauses: ["X-38", "X-54", "X-86"],
  },
  {
    id: "B20",
    title: "With ignore_msrs, an unknown MSR makes no exit",
    kernels: "all, by design",
    clauses: ["X-86"],
    isPromised: true,
  },
  {
    id: "B21",
    title: "The same access is unknown to one kernel and invalid for another",
    kernels: "changes with the kernel and what it supports",
    clauses: ["K-05", "K-06"],
    remark: "The clauses take MSRs that no kernel has, and values that none accepts.",
  },
  {
    id: "B22",
    title: "Each range that is looked at counts as an exit",
    kernels: "5.10.y",
    clauses: ["X-93"],
    deviations: ["D-18"],
  },
  {
    id: "B23",
    title: "Intercepts are not recalculated for every MSR when the filter changes",
    kernels: "none known; rewritten in 6.17",
    clauses: ["X-73", "X-74", "X-108"],
  },
  {
    id: "B24",
    title: "RDMSR and WRMSRNS with an immediate index are a way of their own to the filter",
    kernels: "from 6.18 on, on CPUs that have them",
    clauses: ["X-85"],
  },
  {
    id: "B25",
    title: "What later kernels pass through must ask the filter too: APERF and MPERF, CET, the PMU",
    kernels: "from 6.17 on",
    clauses: ["X-73", "X-84"],
    remark: "X-73 denies these MSRs; the CPU must have them for that to say something.",
  },
  {
    id: "B26",
    title: "MSRs of Hyper-V, Xen and KVM itself reach their handlers before the filter",
    kernels: "none known",
    clauses: ["C-04", "X-77", "X-78", "X-79"],
  },
  {
    id: "B27",
    title: "A write whose handler fails ends KVM_RUN with an error instead of a #GP",
    kernels: "all",
    clauses: ["X-111"],
    isPromised: true,
  },
  {
    id: "B28",
    title: "A filter does not reach SPEC_CTRL once the guest has been given it",
    kernels: "6.10 to 6.16, Intel",
    clauses: ["X-82"],
    deviations: ["D-30"],
  },
];
