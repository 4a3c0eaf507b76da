/**
 * A sandbox's filter: everything is denied but a few MSRs, and a guest that
 * touches another one is given up, as Hyperlight does it. What such a filter
 * does not reach is part of the bargain.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  assertNoFault,
  encodeRawMsrFilter,
  ERRNO,
  formatMsr,
  IOCTL,
  Kvm,
  Msr,
  type MsrAccess,
  MsrFilter,
  Session,
} from "@trapline/trapline";
import { FilterSearch, formatDisagreement } from "@trapline/trapline/oracle";

const ALLOWED = [Msr.FS_BASE, Msr.KERNEL_GS_BASE];

const FILTER = new MsrFilter({
  default: "deny",
  ranges: ALLOWED.map((base) => ({ base, count: 1, allow: "read-write" })),
});

/** On kvm_intel a write of it can pass: see tsc_deadline.ts. */
function mayPass({ kind, index }: MsrAccess): boolean {
  return kind === "write" && index === Msr.IA32_TSC_DEADLINE;
}

Deno.test("a default of deny needs a range: without one the kernel refuses it", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  const { bytes } = encodeRawMsrFilter({ flags: 1, ranges: [] });
  assertEquals(vm.raw(IOCTL.X86_SET_MSR_FILTER, bytes), { result: -1, errno: ERRNO.EINVAL });
  // Where nothing at all is allowed, a range that denies MSR 0 once more does.
  vm.setMsrFilter(MsrFilter.DENY_ALL);
});

Deno.test("every denied MSR of the processors comes to user space before anything happens", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(FILTER);
  const session = Session.boot(vm);
  const accesses = [0, 0xc000_0000, 0xc001_0000]
    .flatMap((first) => Array.from({ length: 0x400 }, (_, i) => first + i))
    .filter((index) => !ALLOWED.some((allowed) => allowed === index))
    .flatMap((index): MsrAccess[] => [
      { kind: "read", index },
      { kind: "write", index, value: 0n },
    ]);
  const walked = session.walk(accesses, {
    onRdmsr: (exit) => exit.refuse(),
    onWrmsr: (exit) => exit.refuse(),
  });
  const past = walked.filter(({ exit, fault }) => exit === undefined || fault === undefined)
    .map(({ access }) => `${access.kind} of ${formatMsr(access.index)}`);
  assertEquals(past.slice(0, 8), []);
});

Deno.test("a search finds no access that gets past the filter", () => {
  using kvm = Kvm.open();
  using search = new FilterSearch(kvm, { accesses: 2048, except: mayPass });
  const found = search.compare({
    filter: FILTER.raw(),
    reasons: ["filter"],
    forcedEmulation: false,
    seed: 1,
  });
  assertEquals(found, undefined, found && formatDisagreement(found));
});

Deno.test("x2APIC MSRs are never filtered: whoever denies them must not offer the x2APIC", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(FILTER);
  const session = Session.boot(vm);
  // The guest reads a value or takes a #GP, as its APIC is; user space is not asked.
  const walked = session.walk([
    { kind: "read", index: Msr.X2APIC_ID },
    { kind: "read", index: Msr.X2APIC_TPR },
  ]);
  assertEquals(walked.map(({ exit }) => exit), [undefined, undefined]);
});

Deno.test("an instruction that uses an MSR by itself is not denied: RDTSC under a denied TSC", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  const session = Session.boot(
    vm,
    asm64`
      rdtsc
      jmp finish
    `,
  );
  assertNoFault(session, session.finish());
});

Deno.test("a filter is the guest's: the host reads and writes what it denies", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  const { vcpu } = Session.boot(vm);
  vcpu.setMsrs([[Msr.KERNEL_GS_BASE, 0x1000n]]); // So state can be put back between two runs.
  assertEquals(vcpu.getMsr(Msr.KERNEL_GS_BASE), 0x1000n);
});
