import { assertEquals, AssertionError, assertStringIncludes } from "@std/assert";
import { guest, Session } from "@trapline/trapline";
import {
  type Clause,
  type ClauseBody,
  decide,
  executionsOf,
  repeatCommand,
  testName,
} from "./clause.ts";
import type { Deviation } from "./deviation.ts";
import { kvmTest } from "./kvm_testing.ts";
import { forcesEmulation } from "./requirements.ts";

function make(body: ClauseBody, requires: Clause["requires"] = []): Clause {
  return { id: "Z-01", sentence: "made for this test", requires, body };
}

const broken = (): never => {
  throw new AssertionError("broken promise");
};

function deviation(expected: boolean): Deviation {
  return {
    id: "D-99",
    clause: "Z-01",
    evidence: "",
    seen: /broken/,
    cause: "",
    expected: () => expected,
  };
}

async function kindOf(...args: Parameters<typeof decide>): Promise<string> {
  return (await decide(...args)).kind;
}

kvmTest("decide() tells a kept promise from a broken one", async () => {
  assertEquals(await kindOf(make(() => {}), "native", []), "holds");
  assertEquals(await kindOf(make(broken), "native", []), "deviates");
});

kvmTest("decide() waits for the promise of a body", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const verdict = decide(make(() => promise.then(broken)), "native", []);
  resolve();
  assertEquals((await verdict).kind, "deviates");
  assertEquals(await kindOf(make(() => promise), "native", []), "holds");
});

kvmTest("decide() expects a recorded deviation, and only where it is recorded", async () => {
  assertEquals(await kindOf(make(broken), "native", [deviation(true)]), "known-deviation");
  assertEquals(await kindOf(make(() => {}), "native", [deviation(true)]), "deviation-gone");
  assertEquals(await kindOf(make(broken), "native", [deviation(false)]), "deviates");
  assertEquals(await kindOf(make(() => {}), "native", [deviation(false)]), "holds");
});

kvmTest("decide() takes another failure than the recorded one for a finding", async () => {
  const another: Deviation = { ...deviation(true), seen: /no exit/ };
  assertEquals(await kindOf(make(broken), "native", [another]), "deviates");
});

kvmTest("decide() expects a deviation of one execution in no other", async () => {
  const emulated: Deviation = { ...deviation(true), execution: "forced emulation" };
  assertEquals(await kindOf(make(broken), "native", [emulated]), "deviates");
  assertEquals(await kindOf(make(() => {}), "native", [emulated]), "holds");
  const native: Deviation = { ...deviation(true), execution: "native" };
  assertEquals(await kindOf(make(broken), "native", [emulated, native]), "known-deviation");
});

kvmTest("decide() runs a clause again where a signal may have swallowed an access", async () => {
  const failing = (times: number): Clause => make(() => times-- > 0 ? broken() : undefined);
  assertEquals(await kindOf(failing(1), "native", [], false), "deviates");
  assertEquals(await kindOf(failing(3), "native", [], true), "holds");
  const late = await decide(failing(2), "native", [], true);
  assertEquals("again" in late ? late.again?.map(({ message }) => message) : [], [
    "broken promise",
    "broken promise",
  ]);
  assertEquals(await kindOf(failing(4), "native", [], true), "deviates");
  assertEquals(await kindOf(failing(1), "native", [deviation(true)], true), "known-deviation");
});

kvmTest("decide() takes no other error than a failed assertion for a broken promise", async () => {
  const slip = (): never => {
    throw new TypeError("a slip in the test");
  };
  assertEquals(await kindOf(make(slip), "native", [deviation(true)]), "error");
});

kvmTest("decide() reports a VM that a clause leaves behind, at once or in the end", async () => {
  const bodies = [
    (make: () => Disposable) => void make(),
    (make: () => Disposable) => Promise.resolve().then(() => void make()),
  ];
  for (const body of bodies) {
    let left: Disposable | undefined;
    const verdict = await decide(make(({ kvm }) => body(() => left = kvm.createVm())), "native");
    left?.[Symbol.dispose]();
    assertEquals(verdict.kind, "error");
    if (verdict.kind === "error") assertStringIncludes(verdict.error.message, "1 descriptors");
  }
});

kvmTest("decide() does not run a clause whose requirement is not met", async () => {
  const verdict = await decide(make(broken, [() => undefined, () => "no such CPU"]), "native", []);
  assertEquals(verdict, { kind: "undecided", reason: "no such CPU" });
});

/** Holds when the one access of its guest has the prefix, or has none. */
function prefixed(wanted: boolean): Clause {
  return make(({ kvm, execution }) => {
    assertEquals(execution, wanted ? "forced emulation" : "native");
    using vm = kvm.createVm();
    const session = Session.boot(vm, guest.rdmsr(0x10));
    session.finish();
    assertEquals(session.program.bytes.toHex().includes("0f0b6b766d"), wanted);
  });
}

kvmTest("decide() executes the guests natively unless it is told otherwise", async () => {
  assertEquals(await decide(prefixed(false)), { kind: "holds" });
});

kvmTest(
  "decide() forces emulation of the guests of a clause, then no more",
  async () => {
    assertEquals(await decide(prefixed(true), "forced emulation"), { kind: "holds" });
    assertEquals(await decide(prefixed(false), "native"), { kind: "holds" });
  },
  { requires: [forcesEmulation] },
);

kvmTest("decide() cannot force emulation where KVM does not take the prefix", async ({ facts }) => {
  const reason = forcesEmulation(facts);
  const verdict = await decide(make(() => {}), "forced emulation", []);
  assertEquals(verdict, reason === undefined ? { kind: "holds" } : { kind: "undecided", reason });
});

kvmTest("executionsOf() adds forced emulation where KVM takes the prefix", ({ facts }) => {
  const both = forcesEmulation(facts) === undefined;
  const executions = executionsOf(make(() => {}));
  assertEquals(executions, both ? ["native", "forced emulation"] : ["native"]);
  assertEquals(executionsOf({ ...make(() => {}), nativeOnly: "it has no guest" }), ["native"]);
});

Deno.test("testName() tells the executions apart, and one pattern finds both", () => {
  const clause = make(broken);
  assertEquals(testName(clause, "native"), "Z-01 made for this test");
  assertEquals(testName(clause, "forced emulation"), "Z-01 (forced emulation) made for this test");
});

Deno.test("repeatCommand() leads a reader on", () => {
  assertEquals(repeatCommand(make(broken), ""), "deno task verify --filter Z-01");
  assertEquals(
    repeatCommand(make(broken), "amd:6.12"),
    "deno task verify --config amd:6.12 --filter Z-01",
  );
});
