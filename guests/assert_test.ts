import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { KVM_RUN } from "../kvm/abi/kvm_run.ts";
import { RdmsrExit } from "../kvm/msr_exit.ts";
import { RunPage } from "../kvm/run_page.ts";
import { Mapping, PAGE_SIZE } from "../kvm/sys/mapping.ts";
import { assertFault, assertGp, assertMsrExit, assertNoFault, assertValue } from "./assert.ts";
import { type Describable, GuestAssertionError } from "./assertion_error.ts";
import type { Fault, Observation } from "./observation.ts";

const GUEST: Describable = { describe: () => "the guest" };

const FAULT: Fault = {
  vector: 13,
  errorCode: 0,
  rip: 0xc00an,
  cs: 8,
  rflags: 2n,
  rsp: 0xa000n,
  ss: 16,
  cr2: 0n,
};

function observation(fault?: Fault): Observation {
  return { fault, regs: {} as Observation["regs"], value: 0x1_0000_0002n };
}

/** What the assertion says it wanted and got. */
function failure(assertion: () => void): [wanted: string, got: string] {
  const error = assertThrows(assertion, GuestAssertionError);
  assertEquals(error.message, `Wanted ${error.wanted}, got ${error.got}\nthe guest`);
  return [error.wanted, error.got];
}

Deno.test("assertFault() gives back the fault that was wanted", () => {
  const seen = observation(FAULT);
  assertStrictEquals(assertFault(GUEST, seen, { vector: 13 }), FAULT);
  assertStrictEquals(assertFault(GUEST, seen, { ...FAULT }), FAULT);
});

Deno.test("assertFault() names vectors when the guest took none or another", () => {
  assertEquals(failure(() => assertFault(GUEST, observation(), { vector: 6 })), [
    "#UD (6)",
    "no fault: the program came to its end with EDX:EAX 0x100000002",
  ]);
  assertEquals(failure(() => assertFault(GUEST, observation(FAULT), { vector: 32 })), [
    "vector 32",
    "#GP (13) error code 0 at RIP 0xc00a",
  ]);
});

Deno.test("assertFault() names the field that differs", () => {
  const seen = observation(FAULT);
  assertEquals(failure(() => assertFault(GUEST, seen, { vector: 13, rip: 0xc000n })), [
    "#GP (13) with rip 0xc000",
    "rip 0xc00a",
  ]);
  for (const field of Object.keys(FAULT) as (keyof Fault)[]) {
    if (field === "vector") continue;
    const wanted = { vector: 13, [field]: typeof FAULT[field] === "bigint" ? 0x77n : 0x77 };
    assertEquals(failure(() => assertFault(GUEST, seen, wanted))[0], `#GP (13) with ${field} 0x77`);
  }
});

Deno.test("assertGp() wants an error code of zero unless it is told another", () => {
  assertGp(GUEST, observation(FAULT), { rip: 0xc00an });
  const selector = observation({ ...FAULT, errorCode: 0x58 });
  assertEquals(failure(() => assertGp(GUEST, selector)), [
    "#GP (13) with errorCode 0x0",
    "errorCode 0x58",
  ]);
  assertGp(GUEST, selector, { errorCode: 0x58 });
});

Deno.test("assertNoFault() and assertValue() show the fault", () => {
  assertNoFault(GUEST, observation());
  assertValue(GUEST, observation(), 0x1_0000_0002n);
  const got = "#GP (13) error code 0 at RIP 0xc00a";
  assertEquals(failure(() => assertNoFault(GUEST, observation(FAULT))), ["no fault", got]);
  assertEquals(failure(() => assertValue(GUEST, observation(FAULT), 1n)), ["no fault", got]);
  assertEquals(failure(() => assertValue(GUEST, observation(), 1n)), [
    "EDX:EAX 0x1",
    "0x100000002",
  ]);
});

Deno.test("assertMsrExit() names MSR, reasons and data that differ", () => {
  const page = new RunPage(Mapping.memory(PAGE_SIZE));
  KVM_RUN.write(page.view, { "msr.index": 0x174, "msr.reason": 12, "msr.data": 5n });
  const exit = new RdmsrExit(page);
  page.close();
  assertMsrExit(GUEST, exit, {});
  assertMsrExit(GUEST, exit, { index: 0x174, reasons: ["filter", "0x8"], data: 5n });
  const msr = "IA32_SYSENTER_CS (0x174)";
  assertEquals(failure(() => assertMsrExit(GUEST, exit, { index: 0x10 })), [
    "MSR IA32_TSC (0x10)",
    `MSR ${msr}`,
  ]);
  assertEquals(failure(() => assertMsrExit(GUEST, exit, { reasons: ["filter"] })), [
    `reason filter for MSR ${msr}`,
    "reason filter+0x8 (12)",
  ]);
  assertEquals(failure(() => assertMsrExit(GUEST, exit, { data: 6n })), [
    `data 0x6 for MSR ${msr}`,
    "data 0x5",
  ]);
});

Deno.test("GuestAssertionError.forExit() names the wanted exit by number, and other ends as they are", () => {
  const hlt = { name: "HLT", number: 5 } as const;
  const exit = GuestAssertionError.forExit(GUEST, "X86_RDMSR", hlt);
  assertEquals([exit.wanted, exit.got], ["KVM_EXIT_X86_RDMSR (29)", "KVM_EXIT_HLT (5)"]);
  assertEquals(exit.name, "GuestAssertionError");
  assertEquals(GuestAssertionError.forExit(GUEST, "the end", hlt).wanted, "the end");
});
