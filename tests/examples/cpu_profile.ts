/**
 * A CPU profile: KVM handles everything but the MSRs that the profile's
 * processor does not have, which raise #GP, as cloud-hypervisor installs it.
 * The denied MSRs are merged into as few ranges as possible.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  encodeRawMsrFilter,
  ERRNO,
  HostMemory,
  IOCTL,
  Kvm,
  Msr,
  type MsrAccess,
  MsrFilter,
  Session,
} from "@trapline/trapline";

function refusedReads(session: Session, indices: readonly number[]): boolean[] {
  const accesses = indices.map((index): MsrAccess => ({ kind: "read", index }));
  return session.walk(accesses).map(({ fault }) => fault !== undefined);
}

Deno.test("a denied MSR is a #GP, without an exit and without code for one", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.setMsrFilter({
    default: "allow",
    ranges: [{ base: Msr.IA32_SYSENTER_ESP, count: 2, deny: "read-write" }],
  });
  const session = Session.boot(vm);
  assertEquals(refusedReads(session, [0x174, 0x175, 0x176]), [false, true, true]);
});

Deno.test("the first range that matches decides: put the exception before the rule", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  const rule = { base: Msr.IA32_SYSENTER_CS, count: 3, deny: "read" } as const;
  const exception = { base: Msr.IA32_SYSENTER_ESP, count: 1, allow: "read" } as const;
  vm.setMsrFilter({ default: "allow", ranges: [exception, rule] });
  const session = Session.boot(vm);
  assertEquals(refusedReads(session, [0x174, 0x175, 0x176]), [true, false, true]);
  vm.setMsrFilter({ default: "allow", ranges: [rule, exception] });
  assertEquals(refusedReads(session, [0x174, 0x175, 0x176]), [true, true, true]);
});

Deno.test("ranges cannot be merged beyond 0x3000 MSRs, and none may reach 2^32", () => {
  const deny = (base: number, count: number): MsrFilter =>
    new MsrFilter({ default: "allow", ranges: [{ base, count, deny: "read-write" }] });
  deny(0, 0x3000);
  assertThrows(() => deny(0, 0x3001), RangeError); // The kernel: EINVAL.
  assertThrows(() => deny(0xffff_fff0, 0x10), RangeError); // The kernel takes it; it never matches.
});

Deno.test("a merged range may cross the x2APIC MSRs, but it does not deny them", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter({
    default: "allow",
    ranges: [{ base: 0x7fe, count: 0x104, deny: "read-write" }],
  });
  const session = Session.boot(vm);
  const asked: number[] = [];
  session.walk(
    [0x7ff, 0x800, 0x8ff, 0x900].map((index): MsrAccess => ({ kind: "read", index })),
    {
      onRdmsr: (exit) => {
        asked.push(exit.index);
        exit.refuse();
      },
    },
  );
  assertEquals(asked, [0x7ff, 0x900]);
});

Deno.test("the kernel reads a bitmap in words of 8 bytes, however few MSRs it is for", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  using memory = HostMemory.allocate(4096); // What follows it cannot be read.
  const install = (bitmap: bigint) => {
    const range = { flags: 1, nmsrs: 1, base: Msr.IA32_SYSENTER_CS, bitmap };
    return vm.raw(
      IOCTL.X86_SET_MSR_FILTER,
      encodeRawMsrFilter({ flags: 0, ranges: [range] }).bytes,
    );
  };
  // One byte is enough for one MSR, but not for the kernel; a heap hides the mistake.
  assertEquals(install(memory.end - 1n), { result: -1, errno: ERRNO.EFAULT });
  assertEquals(install(memory.end - 8n).result, 0);
});
