/**
 * The catalogue: every clause there is to decide, with the place its promise
 * comes from. A clause listed here without a test, or a test whose clause is
 * not listed, fails the gate.
 *
 * Paragraphs are those of `Documentation/virt/kvm/api.rst`; functions are those
 * of Linux 6.12, in `arch/x86/kvm/` unless a folder is named.
 *
 * @module
 */

/** Clauses that follow from the same place. */
interface Passage {
  /** Section and paragraph, or function. */
  readonly source: string;
  /** Ids, `F-05`, or spans of them, `F-05..F-11`. */
  readonly ids: readonly string[];
}

const PASSAGES: readonly Passage[] = [
  // What the documentation says of the filter.
  { source: "api.rst 4.97 KVM_X86_SET_MSR_FILTER: capability, type, returns", ids: ["F-01..F-04"] },
  { source: "api.rst 4.97, range flag KVM_MSR_FILTER_READ", ids: ["F-05..F-07"] },
  { source: "api.rst 4.97, range flag KVM_MSR_FILTER_WRITE", ids: ["F-08..F-10"] },
  { source: "api.rst 4.97, range flags together", ids: ["F-11"] },
  { source: "api.rst 4.97, flags KVM_MSR_FILTER_DEFAULT_ALLOW and _DENY", ids: ["F-12", "F-13"] },
  { source: "api.rst 4.97, struct kvm_msr_filter_range: ranges, base, nmsrs", ids: ["F-14..F-16"] },
  { source: "api.rst 4.97, what happens to a denied access", ids: ["F-17..F-19"] },
  { source: "api.rst 4.97, what happens to an allowed access", ids: ["F-20..F-22"] },
  {
    source: "api.rst 4.97, behaviour before the first call and without ranges",
    ids: ["F-23..F-25"],
  },
  { source: "api.rst 4.97, warning about implicit accesses", ids: ["F-26..F-29"] },
  { source: "api.rst 4.97, warning about nested VM-entry and VM-exit", ids: ["F-30..F-34"] },
  { source: "api.rst 4.97, warning about x2APIC MSRs", ids: ["F-35", "F-36"] },
  { source: "api.rst 4.97, note about filters changed while vCPUs run", ids: ["F-37"] },
  { source: "api.rst 4.97, note about enabling the exit", ids: ["F-38", "F-39"] },
  { source: "api.rst 4.97, struct kvm_msr_filter and its constants", ids: ["F-40", "F-41"] },
  { source: "hypercalls.rst 8, KVM_HC_MAP_GPA_RANGE and MSR_KVM_MIGRATION_CONTROL", ids: ["F-42"] },
  // What it says of the exits.
  {
    source: "api.rst 5 kvm_run, KVM_EXIT_X86_RDMSR and _WRMSR: when they occur",
    ids: ["K-01..K-04"],
  },
  {
    source: "api.rst 5 kvm_run, KVM_MSR_EXIT_REASON_UNKNOWN, _INVAL and _FILTER",
    ids: ["K-05..K-07"],
  },
  { source: "api.rst 5 kvm_run, KVM_EXIT_X86_RDMSR", ids: ["K-08..K-10"] },
  { source: "api.rst 5 kvm_run, KVM_EXIT_X86_WRMSR", ids: ["K-11..K-14"] },
  { source: "api.rst 5 kvm_run, struct msr", ids: ["K-15"] },
  {
    source: "api.rst 5 kvm_run, note about operations that complete on re-entry",
    ids: ["K-16..K-20"],
  },
  // What it says of the capabilities.
  { source: "api.rst 7.21 KVM_CAP_X86_USER_SPACE_MSR: parameters, returns", ids: ["U-01..U-03"] },
  { source: "api.rst 7.21, behaviour by default and when enabled", ids: ["U-04..U-06"] },
  { source: "api.rst 7.21, the reasons in args[0]", ids: ["U-07..U-09"] },
  { source: "api.rst 8.26 KVM_CAP_X86_USER_SPACE_MSR", ids: ["U-10..U-12"] },
  { source: "api.rst 8.27 KVM_CAP_X86_MSR_FILTER", ids: ["C-01..C-04"] },
  // What follows from the code.
  {
    source: "x86.c kvm_msr_allowed(): the search through the ranges",
    ids: ["X-01..X-03", "X-05..X-08", "X-103", "X-104", "X-106", "X-107", "X-113"],
  },
  { source: "x86.c kvm_add_msr_filter(): empty slots", ids: ["X-04"] },
  {
    source: "x86.c kvm_get_msr_with_filter(), kvm_set_msr_with_filter(), kvm_msr_reason()",
    ids: ["X-09..X-12"],
  },
  { source: "x86.c kvm_emulate_wrmsr(): what the handler itself fails with", ids: ["X-111"] },
  {
    source: "x86.c kvm_vm_ioctl_set_msr_filter(), kvm_add_msr_filter(): checks",
    ids: ["X-13..X-22", "X-115"],
  },
  { source: "x86.c kvm_vm_ioctl_enable_cap()", ids: ["X-23..X-26", "X-32", "X-37", "X-51"] },
  { source: "x86.c kvm_arch_vm_compat_ioctl()", ids: ["X-27"] },
  { source: "virt/kvm/kvm_main.c kvm_vm_ioctl(): the caller's mm", ids: ["X-28", "X-112"] },
  {
    source: "x86.c kvm_vm_ioctl_set_msr_filter(): copying, replacing, scope",
    ids: ["X-29..X-31", "X-33..X-35", "X-42", "X-43", "X-50"],
  },
  {
    source: "x86.c kvm_free_msr_filter(): refused, replaced, and of a VM that is gone",
    ids: ["X-110"],
  },
  {
    source: "x86.c kvm_arch: what else changes or shows the filter",
    ids: ["X-36", "X-38..X-41", "X-116"],
  },
  { source: "x86.c kvm_msr_user_space(): contents of the exit", ids: ["X-44..X-49", "X-105"] },
  {
    source: "x86.c complete_fast_rdmsr(), complete_fast_msr_access()",
    ids: ["X-52..X-54", "X-62", "X-94..X-96", "X-102", "X-117"],
  },
  { source: "x86.c kvm_emulate_rdmsr(), kvm_emulate_wrmsr()", ids: ["X-55..X-57"] },
  {
    source: "x86.c kvm_complete_insn_gp(); SDM vol. 3, 6.15, interrupt 13",
    ids: ["X-58..X-61", "X-71", "X-72"],
  },
  {
    source: "SDM vol. 2, RDMSR and WRMSR: modes, privilege, prefixes",
    ids: ["X-63", "X-64", "X-67"],
  },
  { source: "x86.c, faults that never reach KVM and those of x2APIC", ids: ["X-65", "X-66"] },
  { source: "x86.c kvm_skip_emulated_instruction()", ids: ["X-68..X-70", "X-101"] },
  {
    source: "svm/svm.c svm_msr_filter_changed(), vmx/vmx.c vmx_msr_filter_changed()",
    ids: ["X-73", "X-74", "X-82..X-84", "X-108"],
  },
  { source: "x86.c handle_fastpath_set_msr_irqoff()", ids: ["X-75", "X-76"] },
  {
    source: "x86.c kvm_set_msr_common(), kvm_get_msr_common(): classes of MSRs",
    ids: ["X-77..X-81"],
  },
  { source: "6.18, msrs.c: RDMSR and WRMSRNS with an immediate", ids: ["X-85"] },
  { source: "x86.c kvm_msr_ignored_check()", ids: ["X-86"] },
  {
    source: "emulate.c em_rdmsr(), em_wrmsr(); x86.c emulator_get_msr_with_filter()",
    ids: ["X-87..X-89"],
  },
  {
    source: "svm/nested.c, vmx/nested.c: MSR bitmaps and lists",
    ids: ["X-90..X-92", "X-97", "X-114"],
  },
  { source: "x86.c vcpu_enter_guest(): exit statistics", ids: ["X-93"] },
  { source: "x86.c vcpu_run(): a signal ends it", ids: ["X-109"] },
];

function expand(span: string): string[] {
  const [first, last = first] = span.split("..") as [string, string?];
  const letter = first.slice(0, 2);
  const ids: string[] = [];
  for (let number = Number(first.slice(2)); number <= Number(last.slice(2)); number++) {
    ids.push(letter + String(number).padStart(2, "0"));
  }
  return ids;
}

const SOURCES: ReadonlyMap<string, string> = new Map(
  PASSAGES.flatMap(({ source, ids }) => ids.flatMap(expand).map((id) => [id, source] as const)),
);

const CHAPTERS: Readonly<Record<string, string>> = {
  F: "api.rst 4.97 KVM_X86_SET_MSR_FILTER",
  K: "api.rst 5 KVM_EXIT_X86_RDMSR, KVM_EXIT_X86_WRMSR",
  U: "api.rst 7.21 KVM_CAP_X86_USER_SPACE_MSR",
  C: "api.rst 8.27 KVM_CAP_X86_MSR_FILTER",
  X: "behaviour of the kernel's code, not documented",
};
const LETTERS = Object.keys(CHAPTERS).join("");

/** Orders ids as the catalogue does: by letter, then by number. */
export function compareIds(a: string, b: string): number {
  return LETTERS.indexOf(a[0]!) - LETTERS.indexOf(b[0]!) || Number(a.slice(2)) - Number(b.slice(2));
}

/** Every id of the catalogue, in order. */
export function catalogueIds(): string[] {
  return [...SOURCES.keys()].toSorted(compareIds);
}

/**
 * Where a clause's promise comes from.
 *
 * @throws {RangeError} When the catalogue does not list the id.
 */
export function sourceOf(id: string): string {
  const source = SOURCES.get(id);
  if (source === undefined) throw new RangeError(`Cannot find clause "${id}" in the catalogue`);
  return source;
}

/** What the clauses have in common whose ids start with `letter`. */
export function chapterOf(letter: string): string {
  return CHAPTERS[letter] ?? "";
}
