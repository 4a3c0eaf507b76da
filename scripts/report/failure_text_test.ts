import * as installed from "@std/assert";
import { assertEquals, assertMatch } from "@std/assert";
import * as standIn from "../../tests/support/std_assert.ts";
import { exampleFailure, exampleGuestRecord } from "../results/example_guest.ts";
import { type FailureParts, failureParts } from "./failure_text.ts";

const REGISTERS = /^ {2}rax=0{12}1234 rbx=0{16} [^]*\n {2}rip=0{12}c013 rflags=0{16}$/;

/** What `check` fails with. */
function failureOf(check: () => void): FailureParts {
  try {
    check();
  } catch (error) {
    return failureParts((error as Error).message);
  }
  throw new Error("It did not fail");
}

Deno.test("failureParts() takes apart what is said of a guest that came to its end", () => {
  const { registers, ...parts } = failureParts(`${exampleFailure()}\nTo repeat: deno task test`);
  const { listing, exits } = exampleGuestRecord();
  assertEquals(parts, {
    wanted: "KVM_EXIT_X86_RDMSR (29)",
    got: "KVM_EXIT_IO (2) out port 0xe0 1 x 1 byte data 00",
    where: "Guest (long mode) came to its end",
    code: listing.replaceAll(/^/gm, "  "),
    exits,
  });
  assertMatch(registers!, REGISTERS);
});

Deno.test("failureParts() takes apart what is said of a guest that faulted, and of one on its way", () => {
  const faulted = failureParts(exampleFailure("fault", "the end of the program"));
  assertEquals(faulted.wanted, "the end of the program");
  assertEquals(faulted.where, "Guest (long mode) around RIP 0xc013");
  assertMatch(faulted.code!, /=> 0000c013 {2}0f 32 [^]*\nFault: #GP \(13\) error code 0 at RIP /);
  assertMatch(faulted.registers!, REGISTERS);
  const halted = failureParts(exampleFailure("hlt"));
  assertEquals([halted.got, halted.text], ["KVM_EXIT_HLT (5)", undefined]);
  assertMatch(halted.code!, /=> 0000c013 {2}0f 32 /);
  assertMatch(halted.exits!, /^ {2}1\. KVM_EXIT_X86_RDMSR .*\n {2}2\. KVM_EXIT_HLT \(5\)$/);
});

for (const [name, { assertEquals: equal }] of Object.entries({ installed, standIn })) {
  Deno.test(`failureParts() tells what was wanted from what was got, by the ${name} assertions`, () => {
    assertEquals(failureOf(() => equal(1n, 2n, "RAX")), { wanted: "2n", got: "1n", text: "RAX" });
    const list = failureOf(() => equal<unknown>([], [33], "the stack: of vector 33"));
    assertEquals([list.got, list.text], ["[]", "the stack: of vector 33"]);
    assertMatch(list.wanted!, /^\[\n {2}33,?\n\]$/);
    const { wanted, got, text } = failureOf(() =>
      equal<unknown>({ a: [1, 2], fault: "none" }, { a: [1, 3], fault: "none" })
    );
    for (const [side, value] of [[wanted, 3], [got, 2]] as const) {
      assertMatch(side!, new RegExp(`^{\\s+a: \\[\\s+1,\\s+${value},?\\s+\\],\\s+fault: `));
    }
    assertEquals(text, undefined);
  });
}

Deno.test("failureParts() keeps whatever else a test says as it is", () => {
  const text = "The clause did not come to an end in 300 s";
  assertEquals(failureParts(text), { text });
  const unclear = failureOf(() => standIn.assertEquals("a !== b", "c", "names"));
  assertEquals([unclear.wanted, unclear.text], [
    undefined,
    "names: got !== wanted:\n\n'a !== b' !== 'c'",
  ]);
  assertEquals(
    failureOf(() => installed.assertStringIncludes("abc", "x")).text?.includes("abc"),
    true,
  );
});
