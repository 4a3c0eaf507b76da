import { assert, assertEquals } from "@std/assert";
import { Msr } from "@trapline/trapline";
import { dangerOf, DANGERS } from "./dangers.ts";

Deno.test("DANGERS go up and do not overlap", () => {
  const ends = DANGERS.flatMap(({ first, last }) => [first, last]);
  assertEquals(ends, ends.toSorted((a, b) => a - b));
  DANGERS.slice(1).forEach(({ first }, i) => assert(first > DANGERS[i]!.last));
});

Deno.test("dangerOf() knows the writes that reach guest memory", () => {
  for (const index of [Msr.KVM_WALL_CLOCK, Msr.KVM_SYSTEM_TIME_NEW, Msr.KVM_STEAL_TIME]) {
    assertEquals(dangerOf(index, true)?.writes, "value-read");
  }
  assertEquals(dangerOf(Msr.KVM_POLL_CONTROL, true), undefined);
  assertEquals(dangerOf(Msr.IA32_SYSENTER_CS, true), undefined);
});

Deno.test("dangerOf() knows the writes by which a local APIC interrupts the guest", () => {
  const writes = (...indices: readonly number[]): (string | undefined)[] =>
    indices.map((index) => dangerOf(index, true)?.writes);
  assertEquals(writes(Msr.X2APIC_EOI, 0x830, 0x83f, 0x4000_0070, 0x4000_0071), [
    ...Array<string>(5).fill("nothing"),
  ]);
  assertEquals(writes(0x82f, 0x832, 0x837, 0x838), Array<string>(4).fill("value-read"));
  assertEquals(writes(Msr.X2APIC_ID, Msr.X2APIC_TPR, 0x80f, 0x831, 0x839, 0x840), [
    ...Array<undefined>(6).fill(undefined),
  ]);
});

Deno.test("dangerOf() is careful of paravirtual MSRs only where there are some", () => {
  assertEquals(dangerOf(0x4b56_4d10, true)?.writes, "nothing");
  assertEquals(dangerOf(0x4b56_4d10, false), undefined);
});
