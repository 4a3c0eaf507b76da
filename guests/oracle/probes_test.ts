import { assert, assertEquals } from "@std/assert";
import { Msr } from "../../kvm/abi/msr.ts";
import { MsrFilter, type RawMsrFilter } from "../../kvm/msr_filter.ts";
import { filterAllows } from "./model.ts";
import { EDGE_INDICES, probesOf, randomSource } from "./probes.ts";

function indicesAsked(filter: RawMsrFilter, count: number): Set<number> {
  return new Set(probesOf(filter, randomSource(1), count).map(({ index }) => index));
}

Deno.test("probesOf() asks a default of deny about every MSR with a name that it denies", () => {
  const filter = MsrFilter.DENY_ALL.raw();
  const asked = indicesAsked(filter, 16);
  const denied = Object.values(Msr).filter((index) =>
    !filterAllows(filter, { kind: "read", index })
  );
  assert(denied.length > 80);
  assertEquals(denied.filter((index) => !asked.has(index)), []);
});

Deno.test("probesOf() asks a default of deny mostly where MSRs are", () => {
  const asked = [...indicesAsked(MsrFilter.DENY_ALL.raw(), 4000)];
  assertEquals(asked.length, 2000);
  const low = asked.filter((index) => index < 0x2000).length;
  const high = asked.filter((index) => index >= 0xc000_0000 && index < 0xc000_2000).length;
  const anywhere = asked.filter((index) => index >= 0xc100_0000).length;
  for (const some of [low, high, anywhere]) assert(some > 50, `${[low, high, anywhere]}`);
});

Deno.test("probesOf() is gentle to the MSRs that exist, each asked about once", () => {
  const probes = probesOf(MsrFilter.DENY_ALL.raw(), randomSource(1), 4000);
  const gentle = new Set(probes.filter(({ gentle }) => gentle).map(({ index }) => index));
  for (const index of [Msr.EFER, Msr.IA32_MTRR_PHYSMASK0, Msr.IA32_TSC_DEADLINE]) {
    assert(gentle.has(index));
  }
  assertEquals(new Set(probes.map(({ kind, index }) => `${kind} ${index}`)).size, probes.length);
});

Deno.test("probesOf() leaves the MSRs that exist alone where the filter allows them", () => {
  const asked = indicesAsked(MsrFilter.ALLOW_ALL.raw(), 4000);
  const near = (index: number): boolean => EDGE_INDICES.some((edge) => Math.abs(index - edge) <= 1);
  assertEquals(Object.values(Msr).filter((index) => asked.has(index) && !near(index)), []);
});
