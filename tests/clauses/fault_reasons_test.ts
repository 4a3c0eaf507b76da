/**
 * Faults that the CPU itself raises, and faults that KVM raises where no
 * filter has a say.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  formatMsr,
  Kvm,
  Msr,
  MSR_EXIT_REASONS,
  type MsrAccess,
  MsrFilter,
} from "@trapline/trapline";
import { assertWalk, bootWalker, exits, faults, read, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { denyOnly } from "../support/msr_probes.ts";
import { executesAccesses } from "../support/requirements.ts";

/** A value that is no address in 64-bit mode: bit 62 differs from bits 63 and 47. */
const NON_CANONICAL = 1n << 62n;

/** MSRs of addresses that KVM hands to the guest, so that the CPU checks what is written. */
const ADDRESS_MSRS: readonly number[] = [Msr.KERNEL_GS_BASE, Msr.FS_BASE, Msr.GS_BASE];

/** The CPU refuses an address in KERNEL_GS_BASE that is none. */
function checksAddresses(): string | undefined {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  const [walked] = bootWalker(vm).walk([write(Msr.KERNEL_GS_BASE, NON_CANONICAL)]);
  return walked!.fault === undefined
    ? "this CPU takes any value as an address in KERNEL_GS_BASE"
    : undefined;
}

clause(
  "X-65",
  "a #GP that the CPU raises for an MSR in the guest's own hands makes no exit, with INVAL enabled",
  {
    requires: [executesAccesses, checksAddresses],
    nativeOnly: "KVM's emulator raises every #GP itself",
  },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootWalker(vm);
    const writes = ADDRESS_MSRS.map((index) => write(index, NON_CANONICAL));
    const masks = [[], ["inval"], ["inval", "unknown"], MSR_EXIT_REASONS] as const;
    const assertFaults = (when: string): void => {
      for (const mask of masks) {
        vm.enableUserSpaceMsr(mask);
        assertWalk(session, `${when}, mask ${mask.join("+") || "0"}`, writes.map(faults));
      }
    };
    assertFaults("no filter");
    const before = session.vcpu.getMsrs(ADDRESS_MSRS);
    for (const index of ADDRESS_MSRS) {
      vm.setMsrFilter(denyOnly(index, "write"));
      vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
      const wanted = writes.map((access) =>
        access.index === index ? exits(access) : faults(access)
      );
      assertWalk(session, `writes of ${formatMsr(index)} denied`, wanted);
      vm.enableUserSpaceMsr(["inval"]);
      assertWalk(session, `writes of ${formatMsr(index)} denied, FILTER off`, writes.map(faults));
      vm.setMsrFilter(MsrFilter.ALLOW_ALL);
      assertFaults("the filter removed");
    }
    assertEquals(session.vcpu.getMsrs(ADDRESS_MSRS), before, "what the MSRs hold");
  },
);

/** Accesses to x2APIC's registers. */
const X2APIC: readonly MsrAccess[] = [
  read(Msr.X2APIC_ID),
  read(Msr.X2APIC_VERSION),
  read(0x8ff),
  write(Msr.X2APIC_TPR),
  write(Msr.X2APIC_EOI),
  write(0x8ff),
];

clause(
  "X-66",
  "an x2APIC access that fails exits for INVAL, not for the filter that denies all",
  ({ kvm }) => {
    for (const irqchip of [true, false]) {
      using vm = kvm.createVm();
      if (irqchip) vm.createIrqchip();
      const session = bootWalker(vm);
      const apic = irqchip ? "an APIC in xAPIC mode" : "no APIC in the kernel";
      for (const filter of [MsrFilter.ALLOW_ALL, MsrFilter.DENY_ALL]) {
        vm.setMsrFilter(filter);
        for (const mask of [["inval"], ["inval", "filter"], MSR_EXIT_REASONS] as const) {
          vm.enableUserSpaceMsr(mask);
          const what = `${apic}, ${filter}, mask ${mask.join("+")}`;
          assertWalk(session, what, X2APIC.map((access) => exits(access, "inval")));
        }
        for (const mask of [[], ["filter"], ["unknown", "filter"]] as const) {
          vm.enableUserSpaceMsr(mask);
          const what = `${apic}, ${filter}, mask ${mask.join("+") || "0"}`;
          assertWalk(session, what, X2APIC.map(faults));
        }
      }
      vm.enableUserSpaceMsr(["filter"]);
      const around = [0x7ff, 0x900].flatMap((index) => [read(index), write(index)]);
      assertWalk(session, `${apic}, beside x2APIC`, around.map((access) => exits(access)));
    }
  },
);
