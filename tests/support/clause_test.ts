import { assertEquals, AssertionError, assertStringIncludes } from "@std/assert";
import { type Clause, decide, repeatCommand, sourceOf } from "./clause.ts";
import type { Deviation } from "./deviations.ts";
import { facts } from "./facts.ts";

const unavailable = facts().unavailable;
const ignore = unavailable !== undefined;
const suffix = ignore ? ` [ignored: ${unavailable}]` : "";

function make(body: Clause["body"], requires: Clause["requires"] = []): Clause {
  return { id: "Z-01", sentence: "made for this test", requires, body };
}

const broken = (): never => {
  throw new AssertionError("broken promise");
};

function deviation(expected: boolean): Deviation {
  return { id: "D-99", clause: "Z-01", evidence: "", cause: "", expected: () => expected };
}

Deno.test({
  name: `decide() tells a kept promise from a broken one${suffix}`,
  ignore,
  fn() {
    assertEquals(decide(make(() => {}), []).kind, "holds");
    assertEquals(decide(make(broken), []).kind, "deviates");
  },
});

Deno.test({
  name: `decide() expects a recorded deviation, and only where it is recorded${suffix}`,
  ignore,
  fn() {
    assertEquals(decide(make(broken), [deviation(true)]).kind, "known-deviation");
    assertEquals(decide(make(() => {}), [deviation(true)]).kind, "deviation-gone");
    assertEquals(decide(make(broken), [deviation(false)]).kind, "deviates");
    assertEquals(decide(make(() => {}), [deviation(false)]).kind, "holds");
  },
});

Deno.test({
  name: `decide() takes no other error than a failed assertion for a broken promise${suffix}`,
  ignore,
  fn() {
    const verdict = decide(
      make(() => {
        throw new TypeError("a slip in the test");
      }),
      [deviation(true)],
    );
    assertEquals(verdict.kind, "error");
  },
});

Deno.test({
  name: `decide() reports a VM that a clause leaves behind${suffix}`,
  ignore,
  fn() {
    let left: Disposable | undefined;
    const verdict = decide(make(({ kvm }) => void (left = kvm.createVm())), []);
    left?.[Symbol.dispose]();
    assertEquals(verdict.kind, "error");
    if (verdict.kind === "error") assertStringIncludes(verdict.error.message, "1 descriptors");
  },
});

Deno.test({
  name: `decide() does not run a clause whose requirement is not met${suffix}`,
  ignore,
  fn() {
    const verdict = decide(make(broken, [() => undefined, () => "no such CPU"]), []);
    assertEquals(verdict, { kind: "undecided", reason: "no such CPU" });
  },
});

Deno.test("sourceOf() and repeatCommand() lead a reader on", () => {
  assertStringIncludes(sourceOf("K-01"), "KVM_EXIT_X86_RDMSR");
  assertStringIncludes(repeatCommand(make(broken)), '--filter "Z-01 "');
});
