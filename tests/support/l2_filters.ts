/**
 * Filters over the MSRs of an L2, and what the accesses of L2 come to under each.
 *
 * @module
 */
import {
  type Hypervisor,
  Msr,
  type MsrAccess,
  type MsrAccessKind,
  MsrFilter,
  MsrRefusedError,
  type Vm,
} from "@trapline/trapline";
import { assertWalk, completes, exits, type Expectation, read, write } from "./assert_walk.ts";
import type { Execution } from "./execution.ts";
import { KNOWN_MSRS, type KnownMsr } from "./msr_probes.ts";

// Of both ranges that both vendors' maps cover. The hardware may let L2 have
// those of the second row without an exit to KVM.
const MSRS: readonly KnownMsr[] = [
  ...KNOWN_MSRS,
  { index: Msr.FS_BASE, values: [0x1000n, 0x2000n] },
  { index: Msr.GS_BASE, values: [0x3000n, 0xffff_8000_0000_1000n] },
  { index: Msr.STAR, values: [0x23_0008_0000_0000n, 0x33_0010_0000_0000n] },
  { index: Msr.LSTAR, values: [0x1234_5000n, 0x2345_6000n] },
];

/** A guest that is in L2 is told so by its hypercall, which nobody but L1 answers. */
export function inL2(l1: Hypervisor, body: () => void): void {
  l1.enter();
  body();
  l1.leave();
}

/** Whether what is denied includes the accesses of `kind`. */
export function denies(denied: MsrAccessKind | "nothing", kind: "read" | "write"): boolean {
  return denied === kind || denied === "read-write";
}

/** What the MSRs hold, as far as L2 has written it. */
export type Held = Map<number, bigint>;

/** The MSRs that can be accessed in this way: some that the hardware has, old emulators do not. */
function accessible({ session }: Hypervisor, execution: Execution): readonly KnownMsr[] {
  if (execution === "native") return MSRS;
  return MSRS.filter(({ index }) => {
    try {
      session.vcpu.getMsr(index);
      return true;
    } catch (error) {
      if (error instanceof MsrRefusedError) return false;
      throw error;
    }
  });
}

/** Lets L2 write the first values, which stay L2's however often it is left and entered. */
export function firstValues(vm: Vm, l1: Hypervisor, execution: Execution): Held {
  const msrs = accessible(l1, execution);
  vm.setMsrFilter(MsrFilter.ALLOW_ALL);
  const writes = msrs.map(({ index, values }) => completes(write(index, values[0])));
  inL2(l1, () => assertWalk(l1.session, "of an L2 without a filter", writes));
  return new Map(msrs.map(({ index, values }) => [index, values[0]]));
}

/** Wants of a read, a write and a read of each MSR what a filter makes of it that denies `denied`. */
export function wants(
  held: Held,
  denied: MsrAccessKind | "nothing",
  refused: (access: MsrAccess) => Expectation = exits,
): Expectation[] {
  return MSRS.filter(({ index }) => held.has(index)).flatMap(({ index, values }) => {
    const reads = (): Expectation =>
      denies(denied, "read") ? refused(read(index)) : completes(read(index), held.get(index)!);
    const before = reads();
    const other = values.find((value) => value !== held.get(index))!;
    if (denies(denied, "write")) return [before, refused(write(index, other)), reads()];
    held.set(index, other);
    return [before, completes(write(index, other)), reads()];
  });
}

/** Filters that deny and allow all of these, with what each denies. */
export const FILTERS: readonly (readonly [MsrAccessKind | "nothing", MsrFilter])[] = [
  ["nothing", MsrFilter.ALLOW_ALL],
  ...(["read", "write", "read-write"] as const).map((kind) =>
    [
      kind,
      new MsrFilter({
        default: "allow",
        ranges: MSRS.map(({ index }) => ({ base: index, count: 1, deny: kind })),
      }),
    ] as const
  ),
  ["nothing", new MsrFilter({ default: "allow" })],
  ["read-write", MsrFilter.DENY_ALL],
  [
    "nothing",
    new MsrFilter({
      default: "deny",
      ranges: MSRS.map(({ index }) => ({ base: index, count: 1, allow: "read-write" })),
    }),
  ],
];
