import { assertEquals } from "@std/assert";
import { EXIT_REASON, formatExitReason, INTERNAL_ERROR } from "./exit_reason.ts";

Deno.test("EXIT_REASON numbers the exits a filter test meets", () => {
  assertEquals(EXIT_REASON.IO, 2);
  assertEquals(EXIT_REASON.HLT, 5);
  assertEquals(EXIT_REASON.SHUTDOWN, 8);
  assertEquals(EXIT_REASON.INTR, 10);
  assertEquals(EXIT_REASON.INTERNAL_ERROR, 17);
  assertEquals(EXIT_REASON.X86_RDMSR, 29);
  assertEquals(EXIT_REASON.X86_WRMSR, 30);
});

Deno.test("EXIT_REASON names every number from 0 without a gap", () => {
  const numbers = Object.values(EXIT_REASON);
  assertEquals(numbers, Array.from(numbers, (_, number) => number));
});

Deno.test("formatExitReason() names a reason with its number", () => {
  assertEquals(formatExitReason(0), "KVM_EXIT_UNKNOWN (0)");
  assertEquals(formatExitReason(29), "KVM_EXIT_X86_RDMSR (29)");
});

Deno.test("formatExitReason() keeps the number of a reason it does not know", () => {
  assertEquals(formatExitReason(9999), "KVM_EXIT_? (9999)");
  assertEquals(formatExitReason(-1), "KVM_EXIT_? (-1)");
});

Deno.test("INTERNAL_ERROR numbers the suberrors", () => {
  assertEquals({ ...INTERNAL_ERROR }, {
    EMULATION: 1,
    SIMUL_EX: 2,
    DELIVERY_EV: 3,
    UNEXPECTED_EXIT_REASON: 4,
  });
});
