/**
 * MSR accesses in system management mode.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  asm16,
  asm64,
  type AsmSource,
  assertMsrExit,
  assertNoFault,
  formatMsr,
  type Kvm,
  Msr,
  type MsrAccess,
  MsrFilter,
  type RdmsrExit,
  Session,
  type WrmsrExit,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { denyOnly } from "../support/msr_probes.ts";
import { KINDS, nextMsrExit } from "../support/msr_exits.ts";
import { capability } from "../support/requirements.ts";
import { queueSmi } from "../support/smm.ts";

/** In both ranges of the hardware's bitmaps, one that has a pass-through among them. */
const INDICES: readonly number[] = [Msr.IA32_SYSENTER_CS, Msr.KERNEL_GS_BASE];
const WRITTEN = 0x8899_aabb_0000_0018n;
const SUPPLIED = 0x0123_4567_89ab_cdefn;

/** `KVM_RUN_X86_SMM` of `kvm_run.flags`. */
const KVM_RUN_X86_SMM = 1;
const FLAGS_OFFSET = 14;
const PAUSE = 0x81;
const LEFT = 0xfeed_0000_0000_0001n;

/** Stops once, makes one access, hands EAX and EDX over in two exits, and returns. */
function handler({ kind, index, value = 0n }: MsrAccess): AsmSource {
  return asm16`
    out ${PAUSE}, eax
    mov ecx, ${index}
    mov eax, ${value & 0xffff_ffffn}
    mov edx, ${value >> 32n}
    ${kind === "read" ? "rdmsr" : "wrmsr"}
    out ${PAUSE}, eax
    mov eax, edx
    out ${PAUSE}, eax
    rsm
  `;
}

function assertInSmm({ vcpu }: Session): void {
  const flags = vcpu.kvmRun.getUint16(FLAGS_OFFSET, true);
  assert((flags & KVM_RUN_X86_SMM) !== 0, `kvm_run.flags 0x${flags.toString(16)} without SMM`);
}

function answer(exit: RdmsrExit | WrmsrExit): void {
  if (exit.name === "X86_RDMSR") exit.supply(SUPPLIED);
  else exit.acknowledge();
}

/** What the handler hands over at its next stop. */
function stopInSmm(session: Session): bigint {
  const exit = session.next("IO");
  assertEquals(exit.port, PAUSE, "the port of the handler's exit");
  assertInSmm(session);
  return BigInt(new DataView(exit.data.buffer, exit.data.byteOffset).getUint32(0, true));
}

/** EDX:EAX after the access, as the handler hands them over. */
function handedOver(session: Session): bigint {
  const halves = [stopInSmm(session), stopInSmm(session)];
  return halves[1]! << 32n | halves[0]!;
}

/** An access, whether the filter denies it, and whether that is set while the handler runs. */
interface Case {
  readonly index: number;
  readonly kind: MsrAccess["kind"];
  readonly isDenied: boolean;
  readonly isSetInside: boolean;
}

function* cases(): Generator<Case> {
  for (const index of INDICES) {
    for (const kind of KINDS) {
      for (const isDenied of [true, false]) {
        for (const isSetInside of [false, true]) yield { index, kind, isDenied, isSetInside };
      }
    }
  }
}

/** Asserts that a refused access is a #GP, which shuts the CPU down: SMM has no handlers at first. */
function assertRefusedInSmm(kvm: Kvm, access: MsrAccess): void {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  const session = Session.boot(vm, asm64`jmp finish`);
  queueSmi(session, handler(access));
  stopInSmm(session);
  nextMsrExit(session, access.kind).refuse();
  session.next("SHUTDOWN");
}

clause(
  "X-103",
  "a filter governs the accesses of system management mode like all others, also one that is set " +
    "in it",
  {
    requires: [capability("X86_SMM")],
    nativeOnly: "the handler's code is not loaded as a program, and has no prefix",
  },
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["filter"]);
    const session = Session.boot(
      vm,
      asm64`
        mov rax, ${LEFT}
        jmp finish
      `,
    );
    for (const { index, kind, isDenied, isSetInside } of cases()) {
      // What is allowed is so by a filter that has something to deny.
      const other = INDICES.find((each) => each !== index)!;
      const [denying, allowing] = [denyOnly(index, kind), denyOnly(other, kind)];
      const [filter, opposite] = isDenied ? [denying, allowing] : [allowing, denying];
      const present = session.vcpu.getMsr(index);
      const value = isDenied ? WRITTEN : present;
      vm.setMsrFilter(isSetInside ? opposite : filter);
      session.restart();
      queueSmi(session, handler({ kind, index, value }));
      stopInSmm(session);
      if (isSetInside) vm.setMsrFilter(filter);
      if (isDenied) {
        const exit = nextMsrExit(session, kind);
        assertInSmm(session);
        const data = kind === "read" ? 0n : value;
        assertMsrExit(session, exit, { index, reasons: ["filter"], data });
        answer(exit);
      }
      const wanted = kind === "write" ? value : isDenied ? SUPPLIED : present;
      const when = isSetInside ? "set in the handler" : "set before it";
      const what = `a ${isDenied ? "denied" : "allowed"} ${kind} of ${formatMsr(index)}, ${when}`;
      assertEquals(handedOver(session), wanted, `EDX:EAX in the handler after ${what}`);
      const seen = session.finish();
      assertNoFault(session, seen);
      assertEquals(seen.regs.rax, LEFT, `rax after the handler, with ${what}`);
      assertEquals(session.vcpu.getMsr(index), present, `the MSR after ${what}`);
    }
    for (const kind of KINDS) assertRefusedInSmm(kvm, { kind, index: Msr.KERNEL_GS_BASE });
  },
);
