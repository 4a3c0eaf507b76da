/**
 * What the kernel's statistics say of denied accesses.
 *
 * @module
 */
import { assert } from "@std/assert";
import {
  asm64,
  assertMsrExit,
  assertNoFault,
  type Kvm,
  Msr,
  type MsrAccessKind,
  type MsrRange,
  Session,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { countsExits, exitCount } from "../support/exit_count.ts";

const COUNT = 400;

/** Accesses the MSR as often as RSI says; RBX adds up what it reads. */
function repeating(kind: "rdmsr" | "wrmsr"): ReturnType<typeof asm64> {
  return asm64`
      mov ecx, ${Msr.IA32_SYSENTER_CS}
      mov esi, ${COUNT}
    again:
      mov eax, 0
      mov edx, 0
      ${kind}
      add rbx, rax
      dec rsi
      jnz again
      jmp finish
  `;
}

/** `before` ranges that do not match, and then one that denies the MSR, unless it `allows` it. */
function ranges(before: number, deny: MsrAccessKind, allows = false): MsrRange[] {
  const others = Array.from({ length: before }, (_, i): MsrRange => ({
    base: 0x3000 + i,
    count: 1,
    deny: "read-write",
  }));
  const span = { base: Msr.IA32_SYSENTER_CS, count: 1 };
  return [...others, allows ? { ...span, allow: deny } : { ...span, deny }];
}

/** Exits that the kernel counts for `COUNT` accesses under a filter of these ranges. */
function countOf(kvm: Kvm, kind: "rdmsr" | "wrmsr", filter: readonly MsrRange[]): number {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter({ default: "allow", ranges: filter });
  const session = Session.boot(vm, repeating(kind));
  let exits = 0;
  const wanted = { index: Msr.IA32_SYSENTER_CS, reasons: ["filter"] };
  const before = exitCount(session.vcpu);
  const seen = session.finish({
    onRdmsr: (exit) => {
      assertMsrExit(session, exit, wanted);
      exit.supply(BigInt(++exits));
    },
    onWrmsr: (exit) => {
      assertMsrExit(session, exit, wanted);
      exits++;
      exit.acknowledge();
    },
  });
  const counted = Number(exitCount(session.vcpu) - before);
  assertNoFault(session, seen);
  const denied = filter.some((range) => "deny" in range && range.base === Msr.IA32_SYSENTER_CS);
  assert(exits === (denied ? COUNT : 0), `${exits} exits to user space for ${COUNT} accesses`);
  const sum = BigInt(exits * (exits + 1) / 2);
  if (kind === "rdmsr") assert(seen.regs.rbx === sum, `the guest read other values: ${sum} in all`);
  return counted;
}

clause(
  "X-93",
  "the statistics count one exit for a denied access, however many ranges were searched",
  {
    requires: [countsExits],
    nativeOnly: "an instruction that is emulated makes other exits than its own",
  },
  ({ kvm }) => {
    for (const kind of ["rdmsr", "wrmsr"] as const) {
      const deny = kind === "rdmsr" ? "read" : "write";
      for (const before of [0, 1, 7, 15]) {
        const counted = countOf(kvm, kind, ranges(before, deny));
        // The end of the program and the host's interrupts are exits too.
        assert(
          counted >= COUNT && counted < 1.25 * COUNT,
          `${kind} behind ${before} ranges: ${counted} exits for ${COUNT} denied accesses`,
        );
        const allowed = countOf(kvm, kind, ranges(before, deny, true));
        assert(
          allowed < 1.25 * COUNT,
          `${kind} behind ${before} ranges: ${allowed} exits for ${COUNT} accesses that are allowed`,
        );
      }
    }
  },
);
