import { assert, assertEquals } from "@std/assert";
import { Msr } from "@trapline/trapline";
import { kvmTest } from "../../tests/support/kvm_testing.ts";
import { reportsUnknownMsrs } from "../../tests/support/requirements.ts";
import { kindOf } from "./kinds.ts";
import { sweep } from "./measure.ts";

const UNKNOWN = 0x2000;
const X2APIC_SIVR = 0x80f;

kvmTest("sweep() finds out what each kind of MSR does", ({ kvm }) => {
  const steps = new Set<string>();
  const indices = [UNKNOWN, Msr.KVM_SYSTEM_TIME, Msr.STAR, X2APIC_SIVR];
  const { records } = sweep(kvm, indices, {
    dangerous: false,
    allBits: false,
    report: (step) => steps.add(step),
  });
  assertEquals([...records.keys()], indices);

  const unknown = records.get(UNKNOWN)!;
  assertEquals(kindOf(unknown), "unknown");
  assertEquals(unknown.bits, { tried: "0x8000000180000001", refused: "0x8000000180000001" });
  assertEquals(unknown.filterable, { read: true, write: true });

  const star = records.get(Msr.STAR)!;
  const all = "0xffffffffffffffff";
  assertEquals([star.read, star.value, star.writeBack, star.writeZero], [
    "done",
    "0x0",
    "done",
    "done",
  ]);
  assertEquals(star.bits, { tried: all, done: all, kept: all });
  assertEquals(star.unrestored, undefined);

  const clock = records.get(Msr.KVM_SYSTEM_TIME)!;
  assertEquals([clock.writeBack, clock.writeZero, clock.bits], ["done", undefined, undefined]);
  assert(clock.leftOut !== undefined);

  assertEquals(records.get(X2APIC_SIVR)!.filterable, { read: false, write: false });
  assert(steps.has("reads") && steps.has("single bits") && steps.has("filter"));
}, { requires: [reportsUnknownMsrs] });

kvmTest("sweep() tries all bits of unknown MSRs when asked", ({ kvm }) => {
  const { records } = sweep(kvm, [UNKNOWN], { dangerous: false, allBits: true, report: () => {} });
  assertEquals(records.get(UNKNOWN)!.bits?.tried, "0xffffffffffffffff");
}, { requires: [reportsUnknownMsrs] });
