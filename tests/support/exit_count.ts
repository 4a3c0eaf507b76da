/**
 * How many exits from the guest the kernel counted: by the vCPU's statistics,
 * and before Linux 5.14 by debugfs, where it is mounted.
 *
 * @module
 */
import { Kvm, type Vcpu } from "@trapline/trapline";
import type { Facts } from "./facts.ts";
import { CALL, DATA, resultOf, runNative, runsPrograms } from "./native_program.ts";

/** The sum over all VMs of this machine. */
const SUM = "/sys/kernel/debug/kvm/exits";

/** Reads it by a program of its own: Deno opens no file below `/sys` without all permissions. */
function readSum(): bigint | undefined {
  const { open, read, write, exit } = CALL[64];
  const text = DATA + 0x100;
  const size = 0x20;
  const out = runNative({
    bits: 64,
    data: new TextEncoder().encode(SUM),
    calls: [
      { number: open, first: DATA },
      { number: read, first: { wordAt: resultOf(64, 0) }, rest: [text, size] },
      { number: write, first: 1, rest: [text, size] },
      { number: exit },
    ],
  });
  const [digits] = /^\d+/.exec(new TextDecoder().decode(out)) ?? [];
  return digits === undefined ? undefined : BigInt(digits);
}

function hasStatistics(): boolean {
  using kvm = Kvm.open();
  return kvm.checkExtension("BINARY_STATS_FD") > 0;
}

/** The kernel's count of exits can be read. */
export function countsExits(facts: Facts): string | undefined {
  if (hasStatistics()) return undefined;
  const reason = runsPrograms(64)(facts);
  if (reason !== undefined) return reason;
  return readSum() === undefined
    ? `KVM_CAP_BINARY_STATS_FD is not reported and ${SUM} cannot be read: mount debugfs`
    : undefined;
}

/** Exits of `vcpu` so far, or of all vCPUs of this machine where there are no statistics. */
export function exitCount(vcpu: Vcpu): bigint {
  return hasStatistics() ? vcpu.stats().get("exits")![0]! : readSum()!;
}
