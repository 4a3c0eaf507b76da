import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type CapName, Kvm, Msr } from "@trapline/trapline";
import type { Facts } from "../../tests/support/facts.ts";
import { kvmTest } from "../../tests/support/kvm_testing.ts";
import { capability, type Requirement } from "../../tests/support/requirements.ts";
import { sweepMsrs } from "./measure.ts";
import { measurePassThrough } from "./passthrough.ts";
import type { MsrRecord } from "./record.ts";

const TAKEN: MsrRecord = { read: "done", value: "0x0", writeBack: "done", writeZero: "done" };
const REFUSED: MsrRecord = { read: "unknown", writeZero: "unknown" };

/** These leave `FS_BASE` to the guest, and no MTRR. */
function handsOver({ vendorModule }: Facts): string | undefined {
  return vendorModule === "kvm_amd" || vendorModule === "kvm_intel"
    ? undefined
    : "neither kvm_amd nor kvm_intel is loaded";
}

function lacks(name: CapName): Requirement {
  return () => {
    using kvm = Kvm.open();
    return kvm.checkExtension(name) > 0 ? `KVM_CAP_${name} is reported` : undefined;
  };
}

const COUNTS = { requires: [handsOver, capability("BINARY_STATS_FD")] };

kvmTest("measurePassThrough() tells MSRs that exit from those that do not", ({ kvm }) => {
  const reports: [number, number][] = [];
  const { passedThrough, note } = measurePassThrough(
    kvm,
    new Map([
      [Msr.FS_BASE, TAKEN],
      [Msr.IA32_MTRR_PHYSBASE0 + 2, TAKEN],
      [Msr.IA32_SYSENTER_CS, { read: "done", value: "0x0", leftOut: "why" }],
      [0x2000, REFUSED],
    ]),
    (done, total) => reports.push([done, total]),
  );
  assertEquals(note, undefined);
  assertEquals(passedThrough.get(Msr.FS_BASE)?.passedThrough, { read: true, write: true });
  assertEquals(passedThrough.get(Msr.IA32_MTRR_PHYSBASE0 + 2)?.passedThrough, {
    read: false,
    write: false,
  });
  // What was not written before is not written now, and what KVM refuses is not asked.
  const { read, write } = passedThrough.get(Msr.IA32_SYSENTER_CS)!.passedThrough!;
  assertEquals([typeof read, write], ["boolean", undefined]);
  assertEquals(passedThrough.has(0x2000), false);
  assertEquals(reports, [1, 2, 3, 4, 5].map((done) => [done, 5]));
}, COUNTS);

kvmTest("sweepMsrs() has in its records what is passed through", ({ kvm }) => {
  const { records, notes } = sweepMsrs(kvm, [Msr.FS_BASE, Msr.IA32_MTRR_PHYSBASE0]);
  assertEquals([...records.values()].map(({ passedThrough }) => passedThrough), [
    { read: true, write: true },
    { read: false, write: false },
  ]);
  assert(!notes.join("\n").includes("passed through"));
}, COUNTS);

kvmTest("sweepMsrs() says why it cannot tell what is passed through", ({ kvm }) => {
  const { records, notes } = sweepMsrs(kvm, [Msr.FS_BASE]);
  assertEquals(records.get(Msr.FS_BASE)!.passedThrough, undefined);
  assertStringIncludes(
    notes.join("\n"),
    "Whether MSRs are passed through cannot be told: KVM_CAP_BINARY_STATS_FD",
  );
}, { requires: [lacks("BINARY_STATS_FD")] });
