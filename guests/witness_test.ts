import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { guest, Session } from "@trapline/trapline";
import { kvmTest } from "../tests/support/kvm_testing.ts";
import { withWitness } from "./witness.ts";

kvmTest("withWitness() gives the sessions that were booted, closed or not", async ({ kvm }) => {
  const before = kvm.createVm();
  Session.boot(before, guest.rdmsr(0x10));
  const { result, sessions } = await withWitness(() => {
    using vm = kvm.createVm();
    Session.boot(vm, guest.rdmsr(0x174)).finish();
    return Promise.resolve(7);
  });
  assertEquals([result, sessions.length], [7, 1]);
  assertStringIncludes(sessions[0]!.program.listing(), "rdmsr");
  assertStringIncludes(`${sessions[0]!.transcript}`, "KVM_EXIT_IO");
  before.close();
});

kvmTest("withWitness() keeps the last ones, and none when its body has ended", async ({ kvm }) => {
  using vm = kvm.createVm();
  const { sessions } = await withWitness(() => {
    for (let i = 0; i < 10; i++) Session.boot(vm, guest.rdmsr(i));
    return Promise.resolve();
  });
  assertEquals([sessions.length, sessions[0]!.base], [8, 2 * (sessions[1]!.base / 3)]);
  await assertRejects(() => withWitness(() => Promise.reject(new Error("no"))), Error, "no");
  Session.boot(vm, guest.rdmsr(10));
  assertEquals(sessions.length, 8);
});
