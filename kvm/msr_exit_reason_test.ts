import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  MSR_EXIT_REASONS,
  type MsrExitReason,
  msrExitReasonMask,
  msrExitReasonNames,
} from "./msr_exit_reason.ts";

Deno.test("msrExitReasonMask() gives the bits of the kernel's header", () => {
  assertEquals(MSR_EXIT_REASONS.map((reason) => msrExitReasonMask([reason])), [1, 2, 4]);
  assertEquals(msrExitReasonMask([]), 0);
  assertEquals(msrExitReasonMask(["filter", "inval", "filter"]), 5);
});

Deno.test("msrExitReasonMask() refuses a word that is no reason", () => {
  const typo = "filtered" as MsrExitReason;
  assertThrows(() => msrExitReasonMask([typo]), TypeError, '"filtered": not one of inval');
});

Deno.test("msrExitReasonNames() names every mask of known bits, and back", () => {
  for (let mask = 0; mask < 8; mask++) {
    const names = msrExitReasonNames(mask);
    assertEquals(msrExitReasonMask(names as MsrExitReason[]), mask);
  }
});

Deno.test("msrExitReasonNames() keeps bits without a name as one hexadecimal number", () => {
  assertEquals(msrExitReasonNames(8), ["0x8"]);
  assertEquals(msrExitReasonNames(0x1c), ["filter", "0x18"]);
  assertEquals(msrExitReasonNames(0xffff_ffff), ["inval", "unknown", "filter", "0xfffffff8"]);
  assertEquals(msrExitReasonNames(0x8000_0000), ["0x80000000"]);
});

Deno.test("msrExitReasonNames() gives lists that nobody can change", () => {
  assert(Object.isFrozen(msrExitReasonNames(4)) && Object.isFrozen(msrExitReasonNames(9)));
});
