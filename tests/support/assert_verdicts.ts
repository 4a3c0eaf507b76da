/**
 * What a filter makes of reads and writes, seen from both sides: the guest's
 * accesses, and what the MSRs hold after them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { formatMsr, type MsrAccessKind, type Session } from "@trapline/trapline";
import {
  assertWalk,
  completes,
  exits,
  type Expectation,
  passes,
  read,
  write,
} from "./assert_walk.ts";
import type { KnownMsr } from "./msr_probes.ts";
import { KNOWN_EVERYWHERE } from "./msr_space.ts";

/** Which accesses to an MSR a filter denies; it lets the others pass. */
export interface Verdict {
  /** The MSR index. */
  readonly index: number;
  /** What is denied. */
  readonly denied: MsrAccessKind | "neither";
}

/** The same verdict on each of `indices`. */
export function verdicts(denied: Verdict["denied"], indices: readonly number[]): Verdict[] {
  return indices.map((index) => ({ index, denied }));
}

function known(index: number): KnownMsr | undefined {
  return KNOWN_EVERYWHERE.find((msr) => msr.index === index);
}

function expectations({ index, denied }: Verdict): Expectation[] {
  const msr = known(index);
  // Unknown MSRs are written 0, in case a KVM knows one after all.
  const [before, written] = msr?.values ?? [undefined, 0n];
  const readDenied = denied === "read" || denied === "read-write";
  const writeDenied = denied === "write" || denied === "read-write";
  return [
    readDenied
      ? exits(read(index))
      : msr === undefined
      ? passes(read(index))
      : completes(read(index), before),
    writeDenied
      ? exits(write(index, written))
      : msr === undefined
      ? passes(write(index))
      : completes(write(index, written)),
  ];
}

/**
 * Lets the guest of `session` read and write each MSR once and asserts the
 * verdicts. A denied access exits with reason FILTER and the guest observes the
 * answer; an access that passes makes no exit, reads what the host has put
 * there and writes what the host finds, where the MSR is a known one. FILTER
 * must be the one reason that is enabled.
 */
export function assertVerdicts(
  session: Session,
  circumstances: string,
  verdicts: readonly Verdict[],
): void {
  const held = verdicts.flatMap(({ index, denied }) => {
    const msr = known(index);
    if (msr === undefined) return [];
    const [before, written] = msr.values;
    const after = denied === "write" || denied === "read-write" ? before : written;
    return [{ index, before, after }];
  });
  session.vcpu.setMsrs(held.map(({ index, before }) => [index, before]));
  assertWalk(session, circumstances, verdicts.flatMap(expectations));
  const text = (index: number, value: bigint): string =>
    `${formatMsr(index)} holds 0x${value.toString(16)}`;
  assertEquals(
    session.vcpu.getMsrs(held.map(({ index }) => index)).map((now, i) => text(held[i]!.index, now)),
    held.map(({ index, after }) => text(index, after)),
    `after the guest's writes (${circumstances})`,
  );
}
