import { assertEquals } from "@std/assert";
import { Msr } from "@trapline/trapline";
import { type Facts, moduleParameter } from "../../tests/support/facts.ts";
import { kvmTest } from "../../tests/support/kvm_testing.ts";
import { reportsUnknownMsrs } from "../../tests/support/requirements.ts";
import { read, write } from "./accesses.ts";
import { SweepGuest } from "./guest.ts";

const UNKNOWN = 0x2000;

function ignoresThePrefix(facts: Facts): string | undefined {
  const value = moduleParameter(facts, "kvm", "force_emulation_prefix");
  return value === "0" || value === "N" ? undefined : "kvm.force_emulation_prefix is on";
}

kvmTest("SweepGuest is replaced when an access ends it, and all are answered", ({ kvm }) => {
  using guest = new SweepGuest(kvm, { reasons: ["unknown", "inval"] });
  guest.ask([[write(Msr.IA32_SYSENTER_CS, 7n)]]);
  // Without an interrupt table, a #GP ends the guest.
  const { vcpu } = guest.session;
  vcpu.setSregs({ ...vcpu.sregs(), idt: { base: 0n, limit: 0 } });
  const reports: number[] = [];
  const answers = guest.ask(
    [[read(Msr.IA32_SYSENTER_CS)], [read(UNKNOWN)]],
    (done) => reports.push(done),
  );
  // The value is that of another guest.
  assertEquals(answers.map((answer) => answer?.[0]?.value), [0n, undefined]);
  assertEquals(answers[1]?.[0]?.exit?.reasons, ["unknown"]);
  assertEquals(reports, [2]);
}, { requires: [reportsUnknownMsrs] });

kvmTest("SweepGuest gives no answer for accesses that always end it", ({ kvm }) => {
  using guest = new SweepGuest(kvm, { reasons: ["unknown", "inval"] });
  const deadly = { kind: "read", index: UNKNOWN, forcedEmulation: true } as const;
  // Without the parameter, the prefix of forced emulation is an undefined opcode.
  const answers = guest.ask([[read(Msr.IA32_SYSENTER_CS)], [deadly], [read(UNKNOWN)]]);
  assertEquals(answers.map((answer) => answer?.length), [1, undefined, 1]);
}, { requires: [reportsUnknownMsrs, ignoresThePrefix] });
