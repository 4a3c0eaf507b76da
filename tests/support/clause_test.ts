import { assertEquals, AssertionError, assertStringIncludes } from "@std/assert";
import { type Clause, decide, repeatCommand, sourceOf } from "./clause.ts";
import type { Deviation } from "./deviations.ts";
import { kvmTest } from "./kvm_testing.ts";

function make(body: Clause["body"], requires: Clause["requires"] = []): Clause {
  return { id: "Z-01", sentence: "made for this test", requires, body };
}

const broken = (): never => {
  throw new AssertionError("broken promise");
};

function deviation(expected: boolean): Deviation {
  return { id: "D-99", clause: "Z-01", evidence: "", cause: "", expected: () => expected };
}

kvmTest("decide() tells a kept promise from a broken one", () => {
  assertEquals(decide(make(() => {}), []).kind, "holds");
  assertEquals(decide(make(broken), []).kind, "deviates");
});

kvmTest("decide() expects a recorded deviation, and only where it is recorded", () => {
  assertEquals(decide(make(broken), [deviation(true)]).kind, "known-deviation");
  assertEquals(decide(make(() => {}), [deviation(true)]).kind, "deviation-gone");
  assertEquals(decide(make(broken), [deviation(false)]).kind, "deviates");
  assertEquals(decide(make(() => {}), [deviation(false)]).kind, "holds");
});

kvmTest("decide() takes no other error than a failed assertion for a broken promise", () => {
  const verdict = decide(
    make(() => {
      throw new TypeError("a slip in the test");
    }),
    [deviation(true)],
  );
  assertEquals(verdict.kind, "error");
});

kvmTest("decide() reports a VM that a clause leaves behind", () => {
  let left: Disposable | undefined;
  const verdict = decide(make(({ kvm }) => void (left = kvm.createVm())), []);
  left?.[Symbol.dispose]();
  assertEquals(verdict.kind, "error");
  if (verdict.kind === "error") assertStringIncludes(verdict.error.message, "1 descriptors");
});

kvmTest("decide() does not run a clause whose requirement is not met", () => {
  const verdict = decide(make(broken, [() => undefined, () => "no such CPU"]), []);
  assertEquals(verdict, { kind: "undecided", reason: "no such CPU" });
});

Deno.test("sourceOf() and repeatCommand() lead a reader on", () => {
  assertStringIncludes(sourceOf("K-01"), "KVM_EXIT_X86_RDMSR");
  assertStringIncludes(repeatCommand(make(broken)), '--filter "Z-01 "');
});
