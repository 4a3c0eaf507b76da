import { assert, assertEquals } from "@std/assert";
import { Msr } from "../../kvm/abi/msr.ts";
import { MsrFilter, type RawMsrFilter } from "../../kvm/msr_filter.ts";
import { filterAllows } from "./model.ts";
import { EDGE_INDICES, probesOf } from "./probes.ts";
import { randomSource } from "./random.ts";
import { HARMLESS } from "./values.ts";

function indicesAsked(filter: RawMsrFilter, count: number): Set<number> {
  return new Set(probesOf(filter, randomSource(1), count).map(({ index }) => index));
}

type Kind = "read" | "write";

function named(filter: RawMsrFilter, kind: Kind): Set<number> {
  return new Set(
    probesOf(filter, randomSource(1), 16).filter((probe) => probe.kind === kind)
      .map(({ index }) => index),
  );
}

function isNearEdge(index: number): boolean {
  return EDGE_INDICES.some((edge) => Math.abs(index - edge) <= 1);
}

function missing(filter: RawMsrFilter, kind: Kind, isWanted: (index: number) => boolean): number[] {
  const asked = named(filter, kind);
  return Object.values(Msr).filter((index) => isWanted(index) && !asked.has(index));
}

const DENY_ALL = MsrFilter.DENY_ALL.raw();
const ALLOW_ALL = MsrFilter.ALLOW_ALL.raw();

/** Denies one kind of access to all MSRs in three ranges, and leaves the other one alone. */
function denying(deny: Kind): RawMsrFilter {
  return new MsrFilter({
    default: "allow",
    ranges: [0, 0x4b56_4000, 0xc000_0000].map((base) => ({ base, count: 0x3000, deny })),
  }).raw();
}

Deno.test("probesOf() asks for a read of every MSR with a name, denied or not", () => {
  for (const filter of [DENY_ALL, ALLOW_ALL, denying("read"), denying("write")]) {
    assertEquals(missing(filter, "read", () => true), []);
  }
});

Deno.test("probesOf() asks for every write of an MSR with a name that is denied", () => {
  for (const filter of [DENY_ALL, denying("write")]) {
    const denied = (index: number): boolean => !filterAllows(filter, { kind: "write", index });
    assert(Object.values(Msr).filter(denied).length > 60);
    assertEquals(missing(filter, "write", denied), []);
  }
});

Deno.test("probesOf() writes to MSRs with a name that it may only where that does no harm", () => {
  for (const filter of [ALLOW_ALL, denying("read")]) {
    const inside = (index: number): boolean =>
      isNearEdge(index) || (filter !== ALLOW_ALL && near(filter, index));
    const written = [...named(filter, "write")].filter((index) => !inside(index));
    assertEquals(written.filter((index) => !HARMLESS.has(index)), []);
    assertEquals(missing(filter, "write", (index) => HARMLESS.has(index)), []);
  }
});

/** Whether the index is one at which some range is asked whatever is there. */
function near(filter: RawMsrFilter, index: number): boolean {
  return filter.ranges.some(({ base, nmsrs }) => index >= base - 1 && index <= base + nmsrs + 1);
}

Deno.test("probesOf() asks a default of deny mostly where MSRs are", () => {
  const asked = [...indicesAsked(DENY_ALL, 4000)];
  const { length } = probesOf(DENY_ALL, randomSource(1), 4000);
  assert(length === 4000 || length === 4001, `${length}`);
  const low = asked.filter((index) => index < 0x2000).length;
  const high = asked.filter((index) => index >= 0xc000_0000 && index < 0xc000_2000).length;
  const anywhere = asked.filter((index) => index >= 0xc100_0000).length;
  for (const some of [low, high, anywhere]) assert(some > 50, `${[low, high, anywhere]}`);
});

Deno.test("probesOf() is gentle to the MSRs that exist, each asked about once", () => {
  const probes = probesOf(DENY_ALL, randomSource(1), 4000);
  const gentle = new Set(probes.filter(({ gentle }) => gentle).map(({ index }) => index));
  for (const index of [Msr.EFER, Msr.IA32_MTRR_PHYSMASK0, Msr.IA32_TSC_DEADLINE]) {
    assert(gentle.has(index));
  }
  assertEquals(new Set(probes.map(({ kind, index }) => `${kind} ${index}`)).size, probes.length);
});
