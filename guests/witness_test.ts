import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { guest, Session } from "@trapline/trapline";
import { kvmTest } from "../tests/support/kvm_testing.ts";
import { withWitness } from "./witness.ts";

kvmTest("withWitness() gives the sessions that were booted, closed or not", async ({ kvm }) => {
  const before = kvm.createVm();
  Session.boot(before, guest.rdmsr(0x10));
  const { result, guests } = await withWitness(() => {
    using vm = kvm.createVm();
    Session.boot(vm, guest.rdmsr(0x174)).finish();
    return Promise.resolve(7);
  });
  const { session, msrExits } = guests[0]!;
  assertEquals([result, guests.length, msrExits], [7, 1, undefined]);
  assertStringIncludes(session.program.listing(), "rdmsr");
  assertStringIncludes(`${session.transcript}`, "KVM_EXIT_IO");
  before.close();
});

kvmTest("withWitness() keeps the last ones, and none when its body has ended", async ({ kvm }) => {
  using vm = kvm.createVm();
  const { guests } = await withWitness(() => {
    for (let i = 0; i < 10; i++) Session.boot(vm, guest.rdmsr(i));
    return Promise.resolve();
  });
  const bases = guests.map(({ session }) => session.base);
  assertEquals([bases.length, bases[0]], [8, 2 * (bases[1]! / 3)]);
  await assertRejects(() => withWitness(() => Promise.reject(new Error("no"))), Error, "no");
  Session.boot(vm, guest.rdmsr(10));
  assertEquals(guests.length, 8);
});

kvmTest(
  "withWitness() keeps the last program that made an MSR exit, whatever ran after it",
  async ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["filter"]);
    vm.setMsrFilter({ default: "allow", ranges: [{ base: 0x174, count: 1, deny: "read" }] });
    const { guests } = await withWitness(() => {
      const first = Session.boot(vm, guest.rdmsr(0x174));
      first.next("X86_RDMSR").supply(0x2an);
      first.finish();
      first.load(guest.rdmsr(0x10));
      first.finish();
      for (let i = 0; i < 10; i++) Session.boot(vm, guest.rdmsr(0x10)).finish();
      return Promise.resolve();
    });
    const kept = guests.filter(({ msrExits }) => msrExits !== undefined);
    assertEquals([guests.length, kept.length, kept[0] === guests[0]], [8, 1, true]);
    const { program, transcript } = kept[0]!.msrExits!;
    assertStringIncludes(program.listing(), "mov ecx, 0x174");
    assertStringIncludes(
      `${transcript}`,
      "IA32_SYSENTER_CS (0x174) reason filter -> supplied 0x2a",
    );
  },
);
