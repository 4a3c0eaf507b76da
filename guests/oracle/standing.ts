/**
 * What MSRs hold that only the guest's own writes can change.
 *
 * @module
 */
import { formatMsr } from "../../kvm/abi/msr.ts";
import type { MsrValues, SeenAccess } from "./subject.ts";
import { isKept, STABLE_MSRS } from "./values.ts";

/** What is wrong with a walk: which access of it, and what was seen. */
export interface StandingProblem {
  readonly at: number;
  readonly got: string;
}

const STABLE: ReadonlySet<number> = new Set(STABLE_MSRS);

function completed({ exit, fault }: SeenAccess): boolean {
  return exit === undefined && fault === undefined;
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/**
 * Follows the MSRs of which user space read `before` in front of a walk and
 * `after` behind it: what the guest read must be what they held, and what they
 * hold in the end the last value that a write brought there without an exit.
 * All other accesses must have left them alone.
 *
 * @returns The first access of which that is not true.
 */
export function standingProblem(
  walked: readonly SeenAccess[],
  before: MsrValues,
  after: MsrValues,
): StandingProblem | undefined {
  const held = new Map<number, bigint | undefined>(before);
  const writes = new Map<number, number>();
  for (const [at, seen] of walked.entries()) {
    const { access: { kind, index, value: written = 0n }, value } = seen;
    if (!STABLE.has(index)) continue;
    if (kind === "write") {
      // What is not kept as it is may hold anything from there on.
      if (completed(seen)) held.set(index, isKept(index, written) ? written : undefined);
      writes.set(index, at);
    } else if (completed(seen)) {
      const wanted = held.get(index);
      if (wanted !== undefined && value !== wanted) {
        return { at, got: `no exit, value ${hex(value!)} where user space reads ${hex(wanted)}` };
      }
    }
  }
  for (const [index, wanted] of held) {
    const got = after.get(index);
    const at = writes.get(index);
    // Without a write there is nothing to be blamed for it.
    if (wanted === undefined || got === undefined || got === wanted || at === undefined) continue;
    return { at, got: `${formatMsr(index)} then holds ${hex(got)} in place of ${hex(wanted)}` };
  }
  return undefined;
}
