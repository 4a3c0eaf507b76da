import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Msr } from "@trapline/trapline";
import type { Facts } from "../../tests/support/facts.ts";
import { kvmTest } from "../../tests/support/kvm_testing.ts";
import { capability, cpuidBit, reportsUnknownMsrs } from "../../tests/support/requirements.ts";
import { kindOf } from "./kinds.ts";
import { sweepMsrs } from "./measure.ts";

const UNKNOWN = 0x2000;
const X2APIC_SIVR = 0x80f;
const ALL = "0xffffffffffffffff";

/** The MSR that locks itself, where there is one. */
const LOCKS: Readonly<Record<string, number>> = {
  kvm_amd: Msr.AMD64_VM_CR,
  kvm_intel: Msr.IA32_FEAT_CTL,
};

function hasLock({ vendorModule }: Facts): string | undefined {
  return vendorModule in LOCKS ? undefined : "neither kvm_amd nor kvm_intel is loaded";
}

kvmTest("sweepMsrs() finds out what each kind of MSR does", ({ kvm }) => {
  const steps = new Set<string>();
  const parts: number[] = [];
  const indices = [UNKNOWN, Msr.KVM_SYSTEM_TIME, Msr.STAR, X2APIC_SIVR];
  const { records, notes } = sweepMsrs(kvm, indices, {
    report: (step, part) => {
      steps.add(step);
      parts.push(part);
    },
  });
  assertEquals([...records.keys()], indices);

  const unknown = records.get(UNKNOWN)!;
  assertEquals(kindOf(unknown), "unknown");
  assertEquals(unknown.bits, { tried: "0x8000000180000001", refused: "0x8000000180000001" });
  assertEquals(unknown.filterable, { read: true, write: true });
  assertStringIncludes(notes.join("\n"), "no single bits but 0, 31-32, 63;");

  const star = records.get(Msr.STAR)!;
  assertEquals([star.read, star.value, star.writeBack, star.writeZero], [
    "done",
    "0x0",
    "done",
    "done",
  ]);
  assertEquals(star.bits, { tried: ALL, done: ALL, kept: ALL });
  assertEquals([star.volatile, star.unrestored], [undefined, undefined]);

  const clock = records.get(Msr.KVM_SYSTEM_TIME)!;
  assertEquals([clock.writeBack, clock.writeZero, clock.bits], ["done", undefined, undefined]);
  assert(clock.leftOut !== undefined);

  assertEquals(records.get(X2APIC_SIVR)!.filterable, { read: false, write: false });
  assert(steps.has("reads") && steps.has("single bits") && steps.has("filter"));
  assertEquals(parts, parts.toSorted((a, b) => a - b));
  assert(parts.at(-1)! <= 1);
}, { requires: [reportsUnknownMsrs] });

kvmTest("sweepMsrs() tries all bits of unknown MSRs when asked", ({ kvm }) => {
  const { records, notes } = sweepMsrs(kvm, [UNKNOWN], { allBits: true });
  assertEquals(records.get(UNKNOWN)!.bits, { tried: ALL, refused: ALL });
  assert(!notes.join("\n").includes("no single bits"));
}, { requires: [reportsUnknownMsrs] });

kvmTest("sweepMsrs() marks an MSR that changes by itself", ({ kvm }) => {
  const { records } = sweepMsrs(kvm, [Msr.IA32_TSC, Msr.IA32_SYSENTER_CS]);
  assertEquals(records.get(Msr.IA32_TSC)!.volatile, true);
  assertEquals(records.get(Msr.IA32_TSC)!.unrestored, undefined);
  assertEquals(records.get(Msr.IA32_SYSENTER_CS)!.volatile, undefined);
});

kvmTest("sweepMsrs() marks an MSR whose lock it could not undo", ({ kvm, facts }) => {
  const index = LOCKS[facts.vendorModule]!;
  const { records } = sweepMsrs(kvm, [index, Msr.IA32_SYSENTER_CS]);
  const { read, unrestored } = records.get(index)!;
  assertEquals([read, unrestored], ["done", true]);
  assertEquals(records.get(Msr.IA32_SYSENTER_CS)!.unrestored, undefined);
}, { requires: [hasLock] });

kvmTest(
  "sweepMsrs() has a local APIC in x2APIC mode, and leaves its interrupts alone",
  ({ kvm }) => {
    const { records, notes } = sweepMsrs(kvm, [
      Msr.X2APIC_ID,
      Msr.X2APIC_TPR,
      Msr.X2APIC_EOI,
      0x830, // ICR
      0x832, // LVT timer
    ]);
    assertEquals(notes[0], "The guest has KVM's own local APIC, in x2APIC mode");
    assertEquals(kindOf(records.get(Msr.X2APIC_ID)!), "read-only");
    const priority = records.get(Msr.X2APIC_TPR)!;
    assertEquals([kindOf(priority), priority.value], ["read-write", "0x0"]);
    assertEquals(priority.filterable, { read: false, write: false });
    // The class alone: by way of CR8, kvm_amd loses the sub-class.
    assertEquals(BigInt(priority.bits?.kept ?? 0) & 0xf0n, 0xf0n);
    for (const index of [Msr.X2APIC_EOI, 0x830, 0x832]) {
      const { writeZero, bits, leftOut } = records.get(index)!;
      assertEquals([writeZero, bits], [undefined, undefined], `0x${index.toString(16)}`);
      assert(leftOut !== undefined);
    }
  },
  { requires: [capability("IRQCHIP"), cpuidBit("x2APIC", 1, "ecx", 21)] },
);
