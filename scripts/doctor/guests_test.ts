import { assertEquals, assertStringIncludes } from "@std/assert";
import { KvmError, takeCensus } from "@trapline/trapline";
import { kvmTest } from "../../tests/support/kvm_testing.ts";
import { guestFindings, runGuests } from "./guests.ts";

kvmTest("runGuests() runs each guest and leaves nothing open", ({ kvm }) => {
  runGuests(kvm); // What is opened once and kept is open after this.
  const before = takeCensus();
  const outcomes = runGuests(kvm);
  assertEquals(takeCensus(), before);
  assertEquals(outcomes.map(({ fact }) => fact.ok), [true, true]);
  assertEquals(guestFindings(outcomes), []);
});

kvmTest("runGuests() reports what throws instead of throwing it", ({ kvm }) => {
  kvm.close();
  const outcomes = runGuests(kvm);
  assertEquals(outcomes.map(({ fact }) => fact.ok), [false, false]);
  assertStringIncludes(outcomes[0]!.fact.detail, "the KVM device is closed");
  assertEquals(guestFindings(outcomes).map(({ severity }) => severity), ["stops", "stops"]);
});

Deno.test("guestFindings() knows what mends a KVM that another hypervisor holds", () => {
  const error = new KvmError("KVM_CREATE_VM", 16);
  const fact = { name: "A guest runs", ok: false, detail: `${error.message}\nmore` };
  const [finding] = guestFindings([{ fact, error }]);
  assertEquals(finding?.what, 'Not so here: "A guest runs", KVM_CREATE_VM failed: EBUSY (16)');
  assertStringIncludes(finding!.remedy, "VirtualBox");
});
