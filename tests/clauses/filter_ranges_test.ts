/**
 * What a range of a filter governs: READ and WRITE, its bits, its two ends.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { assertMsrExit, assertNoFault, guest, Msr, Session } from "@trapline/trapline";
import { clause } from "../support/clause.ts";

clause("F-05", "a clear bit in a READ range denies the read", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter({
    default: "allow",
    ranges: [{ base: Msr.IA32_SYSENTER_CS, count: 1, deny: "read" }],
  });
  const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
  const exit = session.next("X86_RDMSR");
  assertMsrExit(session, exit, { index: Msr.IA32_SYSENTER_CS, reasons: ["filter"] });
  exit.supply(0x1234n);
  const seen = session.finish();
  assertNoFault(session, seen);
  assertEquals(seen.value, 0x1234n);
});
