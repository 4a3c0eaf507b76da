/**
 * A deny-list: everything is KVM's, but for a few MSRs that user space answers,
 * as QEMU does it for the core count and the energy counters.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { assertGp, assertValue, guest, Kvm, Msr, type MsrRange, Session } from "@trapline/trapline";

/** One slot for one MSR, of which only reads are taken over. */
function reads(base: number): MsrRange {
  return { base, count: 1, deny: "read" };
}

Deno.test("an MSR on the list is answered by user space, every other one by KVM", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter({ default: "allow", ranges: [reads(Msr.CORE_THREAD_COUNT)] });

  const session = Session.boot(vm, guest.rdmsr(Msr.CORE_THREAD_COUNT));
  session.next("X86_RDMSR").supply(0x0004_0008n); // 4 cores, 8 threads.
  assertValue(session, session.finish(), 0x0004_0008n);

  session.load(guest.rdmsr(Msr.IA32_SYSENTER_CS));
  assertValue(session, session.finish(), 0n); // No exit: what a vCPU starts with.
});

Deno.test("a handler that fails gives the guest a #GP at its RDMSR", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter({ default: "allow", ranges: [reads(Msr.PKG_ENERGY_STATUS)] });

  const session = Session.boot(vm, guest.rdmsr(Msr.PKG_ENERGY_STATUS));
  session.next("X86_RDMSR").refuse(); // error = 1; KVM fills in nothing else.
  assertGp(session, session.finish(), { rip: session.symbol("rdmsr") });
});

Deno.test("a filter without the exit is a #GP: it is the capability that makes exits", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.setMsrFilter({ default: "allow", ranges: [reads(Msr.CORE_THREAD_COUNT)] });
  const session = Session.boot(vm, guest.rdmsr(Msr.CORE_THREAD_COUNT));
  // Enable the exit first, then nothing that a vCPU does in between is refused.
  assertGp(session, session.finish(), { rip: session.symbol("rdmsr") });

  vm.enableUserSpaceMsr(["filter"]);
  session.restart();
  session.next("X86_RDMSR").supply(1n);
  assertValue(session, session.finish(), 1n);
});

Deno.test("each call replaces the whole filter: hand over all ranges every time", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter({ default: "allow", ranges: [reads(Msr.IA32_SYSENTER_CS)] });
  vm.setMsrFilter({ default: "allow", ranges: [reads(Msr.IA32_SYSENTER_ESP)] });

  const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
  assertValue(session, session.finish(), 0n); // The first range is gone.
  session.load(guest.rdmsr(Msr.IA32_SYSENTER_ESP));
  session.next("X86_RDMSR").supply(7n);
  assertValue(session, session.finish(), 7n);
});

Deno.test("there are 16 slots, so MSRs near each other share one by a bitmap", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const many = Array.from({ length: 17 }, (_, i) => reads(Msr.IA32_MC0_CTL + 4 * i));
  assertThrows(() => vm.setMsrFilter({ default: "allow", ranges: many }), RangeError);

  // 0x610, 0x611 and 0x614 in one slot; a set bit allows, so the two between them stay KVM's.
  const bitmap = Uint8Array.of(0b0000_1100);
  vm.setMsrFilter({
    default: "allow",
    ranges: [{ base: Msr.PKG_POWER_LIMIT, count: 5, access: "read", bitmap }],
  });
  const session = Session.boot(vm);
  const walked = session.walk(
    [0x610, 0x611, 0x612, 0x613, 0x614].map((index) => ({ kind: "read", index })),
    { onRdmsr: (exit) => exit.supply(BigInt(exit.index)) },
  );
  assertEquals(walked.map(({ exit }) => exit?.index), [0x610, 0x611, undefined, undefined, 0x614]);
});
