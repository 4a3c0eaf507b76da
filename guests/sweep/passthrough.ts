/**
 * Which accesses make no exit from the guest: by the vCPU's own statistics,
 * before and after many of them.
 *
 * @module
 */
import { formatMsr, Msr } from "../../kvm/abi/msr.ts";
import type { Kvm } from "../../kvm/kvm.ts";
import type { Vcpu } from "../../kvm/vcpu.ts";
import { asm64, type AsmSource } from "../asm/mod.ts";
import { isGuestsEnd, type Report, SweepGuest } from "./guest.ts";
import type { ByKind, MsrRecord } from "./record.ts";

type Kind = keyof ByKind;

/** Accesses to one MSR: more than the exits that the host causes meanwhile. */
const REPEATS = 64;

function repeater(instruction: string): AsmSource {
  return asm64`
      mov rbp, rsp
    again:
      ${instruction}
    next:
      dec rsi
      jnz again
      jmp finish
    vector_13:
      mov rsp, rbp
      jmp next
  `;
}

/** Makes the access to the MSR in RCX as often as RSI says, whether or not it faults. */
const REPEATERS: Readonly<Record<Kind, AsmSource>> = {
  read: repeater("rdmsr"),
  write: repeater("wrmsr"),
};

/**
 * An MSR that every KVM knows and keeps to itself. Where its accesses make no
 * exit, they are emulated elsewhere, and exits tell nothing of the others.
 */
const NEVER_HANDED_OVER = Msr.IA32_MTRR_PHYSBASE0;

/** What was measured, or why nothing was. */
export interface PassThrough {
  /** By MSR. */
  readonly passedThrough: ReadonlyMap<number, Pick<MsrRecord, "passedThrough">>;
  /** Why nothing was measured. */
  readonly note?: string;
}

function exitCount(vcpu: Vcpu): bigint {
  return vcpu.stats().get("exits")![0]!;
}

/** Whether the guest makes the access without an exit; `undefined` when it ends meanwhile. */
function isPassedThrough(guest: SweepGuest, index: number, value: bigint): boolean | undefined {
  const { session } = guest;
  const { vcpu } = session;
  session.restart();
  vcpu.setRegs({
    ...vcpu.regs(),
    rcx: BigInt(index),
    rsi: BigInt(REPEATS),
    rax: value & 0xffff_ffffn,
    rdx: value >> 32n,
  });
  const before = exitCount(vcpu);
  const { fault } = session.finish();
  return fault === undefined ? exitCount(vcpu) - before < REPEATS / 2 : undefined;
}

/** The accesses whose exits tell something: those that KVM did not refuse itself. */
function wanted({ read, value, writeBack, writeZero }: MsrRecord, kind: Kind): bigint | undefined {
  const outcome = kind === "read" ? read : writeBack ?? writeZero;
  return outcome === "done" || outcome === "gp" ? BigInt(value ?? 0) : undefined;
}

/** Measures which of `records` are passed through to the guest. */
export function measurePassThrough(
  kvm: Kvm,
  records: ReadonlyMap<number, MsrRecord>,
  report: Report,
): PassThrough {
  if (kvm.checkExtension("BINARY_STATS_FD") === 0) {
    const why = "KVM_CAP_BINARY_STATS_FD, which came with Linux 5.14, is not reported";
    return { passedThrough: new Map(), note: cannotTell(why) };
  }
  const found = new Map<number, ByKind>();
  using guest = new SweepGuest(kvm, { reasons: [] });
  const jobs = (["read", "write"] as const).map((kind) => ({
    kind,
    msrs: [...records].flatMap(([index, record]): [number, bigint][] => {
      const value = wanted(record, kind);
      return value === undefined ? [] : [[index, value]];
    }),
  }));
  const total = jobs.reduce((sum, { msrs }) => sum + msrs.length, 0);
  let done = 0;
  for (const { kind, msrs } of jobs) {
    guest.session.load(REPEATERS[kind]);
    if (isPassedThrough(guest, NEVER_HANDED_OVER, 0n) !== false) {
      const why = `this KVM counts no exit for the ${kind} of ${formatMsr(NEVER_HANDED_OVER)}`;
      return { passedThrough: new Map(), note: cannotTell(why) };
    }
    for (const [index, value] of msrs) {
      report(++done, total);
      try {
        const passes = isPassedThrough(guest, index, value);
        if (passes !== undefined) found.set(index, { ...found.get(index), [kind]: passes });
      } catch (error) {
        if (!isGuestsEnd(error)) throw error;
        guest.replace();
        guest.session.load(REPEATERS[kind]);
      }
    }
  }
  return {
    passedThrough: new Map([...found].map(([index, passedThrough]) => [index, { passedThrough }])),
  };
}

function cannotTell(why: string): string {
  return `Whether MSRs are passed through cannot be told: ${why}`;
}
