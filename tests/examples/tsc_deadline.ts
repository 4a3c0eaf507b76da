/**
 * `IA32_TSC_DEADLINE`: KVM has a shorter way for its writes, and where it is
 * taken no filter is asked. On kvm_intel it is, so a deny-list, and a default of
 * deny too, let the write pass in silence (recorded as D-01).
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { asm64, Kvm, Msr, MsrFilter, Session } from "@trapline/trapline";

const TSC_DEADLINE_TIMER = 1 << 24; // CPUID leaf 1, ECX.

Deno.test("a denied read of the deadline makes an exit; a denied write may be lost without one", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  const session = Session.boot(vm);
  const [read, write] = session.walk([
    { kind: "read", index: Msr.IA32_TSC_DEADLINE },
    { kind: "write", index: Msr.IA32_TSC_DEADLINE, value: 1n << 40n },
  ], { onRdmsr: (exit) => exit.refuse(), onWrmsr: (exit) => exit.refuse() });
  assertEquals(read?.exit?.reasons, ["filter"]);
  // What clause X-75 decides: either it is refused like any other, or it has passed unseen.
  const isRefused = write?.exit !== undefined && write.fault !== undefined;
  const hasPassed = write?.exit === undefined && write?.fault === undefined;
  assert(isRefused || hasPassed);
  // Either way nobody has set the timer: this VM has no APIC in the kernel to keep a deadline.
  assertEquals(session.vcpu.getMsr(Msr.IA32_TSC_DEADLINE), 0n);
});

Deno.test("a guest that is not shown the deadline timer has no reason to write to it", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov eax, 1
      cpuid
      mov eax, ecx
      xor edx, edx
      jmp finish
    `,
  );
  session.vcpu.setCpuid(
    session.vcpu.cpuid().map((entry) =>
      entry.function === 1 ? { ...entry, ecx: (entry.ecx & ~TSC_DEADLINE_TIMER) >>> 0 } : entry
    ),
  );
  assertEquals(session.finish().value & BigInt(TSC_DEADLINE_TIMER), 0n);
});
