/**
 * KVM_CAP_X86_USER_SPACE_MSR: how it is enabled, and what it changes.
 *
 * @module
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import {
  asm64,
  type AsmSource,
  assertNoFault,
  CAP,
  encodeRawEnableCap,
  ERRNO,
  IOCTL,
  Msr,
  MSR_EXIT_REASONS,
  type MsrAccess,
  type MsrExitReason,
  type MsrHandlers,
  type RawResult,
  Session,
  type Vm,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { DENIES_SOME, FAILING_ACCESSES } from "../support/failing_accesses.ts";
import { KNOWN_MSRS } from "../support/msr_probes.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";
import { assertRegisters } from "../support/sentinels.ts";
import { assertExited, assertGpWithoutExit, assertPassed, nameAccess } from "../support/walked.ts";

const OK: RawResult = { result: 0, errno: 0 };
const EINVAL: RawResult = { result: -1, errno: ERRNO.EINVAL };

function enableArgument(mask: bigint): Uint8Array<ArrayBuffer> {
  return encodeRawEnableCap({ cap: CAP.X86_USER_SPACE_MSR, args: [mask] });
}

/** `KVM_ENABLE_CAP` on the VM fd, as the C library has it. */
function enable(vm: Vm, mask: bigint): RawResult {
  return vm.raw(IOCTL.ENABLE_CAP, enableArgument(mask));
}

function answers(): MsrHandlers {
  let next = 0x5eed_0000_0000_0001n;
  return { onRdmsr: (exit) => exit.supply(next++), onWrmsr: (exit) => exit.acknowledge() };
}

/** A guest of `vm` on which {@linkcode FAILING_ACCESSES} fail. */
function bootFailing(vm: Vm): Session {
  vm.setMsrFilter(DENIES_SOME);
  return Session.boot(vm, asm64`jmp finish`);
}

/** Asserts that the failing accesses exit for `reasons`, and raise #GP otherwise. */
function assertMask(session: Session, reasons: readonly MsrExitReason[]): void {
  const detail = `with mask ${reasons.join("+") || "0"}`;
  session.walk(FAILING_ACCESSES, answers()).forEach((walked, i) => {
    const { cause } = FAILING_ACCESSES[i]!;
    if (reasons.includes(cause)) assertExited(session, walked, cause, detail);
    else assertGpWithoutExit(session, walked, detail);
  });
}

clause(
  "U-01",
  "KVM_ENABLE_CAP on the VM fd enables it",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootFailing(vm);
    assertEquals(kvm.raw(IOCTL.ENABLE_CAP, enableArgument(7n)).result, -1, "on /dev/kvm");
    assertMask(session, []);
    assertEquals(enable(vm, 7n), OK, "on the VM fd");
    assertMask(session, MSR_EXIT_REASONS);
  },
);

clause(
  "U-02",
  "args[0] is the mask of the reasons to report",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    const BITS: readonly (readonly [bigint, readonly MsrExitReason[]])[] = [
      [1n, ["inval"]],
      [2n, ["unknown"]],
      [4n, ["filter"]],
      [7n, ["inval", "unknown", "filter"]],
    ];
    for (const [mask, reasons] of BITS) {
      using vm = kvm.createVm();
      const session = bootFailing(vm);
      assertEquals(enable(vm, mask), OK, `mask ${mask}`);
      assertMask(session, reasons);
    }
  },
);

clause(
  "U-03",
  "enabling returns 0 on success and -1 on error",
  { nativeOnly: "no guest runs" },
  ({ kvm }) => {
    using vm = kvm.createVm();
    for (let mask = 0n; mask < 8n; mask++) assertEquals(enable(vm, mask), OK, `mask ${mask}`);
    assertEquals(enable(vm, 8n).result, -1, "mask 8");
    assertEquals(enable(vm, 1n << 63n).result, -1, "bit 63");
  },
);

clause(
  "U-04",
  "where it was never enabled, accesses that fail raise #GP in the guest",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    assertMask(bootFailing(vm), []);
  },
);

/** Makes `access` once, and goes on after it whatever comes; R15 counts the #GPs. */
function counting({ kind, index, value = 0n }: MsrAccess): AsmSource {
  return asm64`
    mov ecx, ${index}
    mov eax, ${value & 0xffff_ffffn}
    mov edx, ${value >> 32n}
    ${kind === "read" ? "rdmsr" : "wrmsr"}
    jmp finish
  vector_13:
    inc r15
    add rsp, 8
    add qword [rsp], 2
    iretq
  `;
}

clause(
  "U-05",
  "accesses that match the mask exit, and the guest takes no #GP",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootFailing(vm);
    for (const access of FAILING_ACCESSES) {
      session.load(counting(access));
      for (const reasons of [[], [access.cause]]) {
        vm.enableUserSpaceMsr(reasons);
        session.restart();
        const seen = session.finish(answers());
        const name = `${nameAccess(access)} with mask ${reasons.join() || "0"}`;
        assertNoFault(session, seen);
        assertRegisters(session, seen, { r15: reasons.length === 0 ? 1n : 0n }, `${name}, #GPs`);
        assertEquals(session.transcript.count, 1 + reasons.length, `exits of the ${name}`);
      }
    }
  },
);

/** Accesses that no vCPU in 64-bit mode objects to; the values are those it already has. */
function harmless(session: Session): MsrAccess[] {
  const kept = [Msr.EFER, Msr.IA32_APIC_BASE, Msr.IA32_MCG_STATUS, Msr.KVM_SYSTEM_TIME_NEW];
  const values = session.vcpu.getMsrs(kept);
  return [
    ...kept.flatMap((index, i): MsrAccess[] => [
      { kind: "read", index },
      { kind: "write", index, value: values[i]! },
    ]),
    { kind: "read", index: Msr.IA32_TSC },
    { kind: "read", index: Msr.IA32_MTRRCAP },
    { kind: "read", index: Msr.IA32_MCG_CAP },
    { kind: "read", index: Msr.STAR },
    { kind: "read", index: Msr.FS_BASE },
  ];
}

clause(
  "U-06",
  "accesses that would not fail are not intercepted, whatever the mask",
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
    const session = Session.boot(vm, asm64`jmp finish`);
    for (const which of [0, 1] as const) {
      const accesses = KNOWN_MSRS.flatMap(({ index, values }): MsrAccess[] => [
        { kind: "write", index, value: values[which] },
        { kind: "read", index },
      ]);
      session.walk(accesses, answers()).forEach((walked, i) => {
        const { values } = KNOWN_MSRS[i >> 1]!;
        assertPassed(session, walked, walked.access.kind === "read" ? values[which] : undefined);
      });
    }
    session.walk(harmless(session), answers()).forEach((walked) => assertPassed(session, walked));
  },
);

clause(
  "U-10",
  "KVM_CHECK_EXTENSION reports the capability, and enabling it then works",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    assertGreaterOrEqual(kvm.checkExtension("X86_USER_SPACE_MSR"), 1, "on /dev/kvm");
    using vm = kvm.createVm();
    assertGreaterOrEqual(vm.checkExtension("X86_USER_SPACE_MSR"), 1, "on the VM fd");
    assertEquals(enable(vm, 7n), OK, "KVM_ENABLE_CAP with mask 7");
    assertMask(bootFailing(vm), MSR_EXIT_REASONS);
  },
);

clause(
  "U-11",
  "every bit of args[0] but the three reasons is refused with EINVAL",
  { nativeOnly: "no guest runs" },
  ({ kvm }) => {
    using vm = kvm.createVm();
    for (let bit = 0n; bit < 64n; bit++) {
      for (const others of [0n, 7n]) {
        const wanted = bit < 3n ? OK : EINVAL;
        assertEquals(enable(vm, 1n << bit | others), wanted, `bit ${bit} with mask ${others}`);
      }
    }
  },
);

const FABRICATED = [0x474f_4f00, 0x474f_4f01] as const;

/** Reads the fabricated MSRs into R8 and R9, writes them, and reads them again into R10 and R11. */
function stateful(first: bigint, second: bigint): AsmSource {
  const read = (index: number, into: string): AsmSource =>
    asm64`
      mov ecx, ${index}
      rdmsr
      shl rdx, 32
      or rax, rdx
      mov ${into}, rax
    `;
  const write = (index: number, value: bigint): AsmSource =>
    asm64`
      mov ecx, ${index}
      mov eax, ${value & 0xffff_ffffn}
      mov edx, ${value >> 32n}
      wrmsr
    `;
  const [a, b] = FABRICATED;
  return asm64`
    ${read(a, "r8")}
    ${read(b, "r9")}
    ${write(a, first)}
    ${write(b, second)}
    ${read(a, "r10")}
    ${read(b, "r11")}
    jmp finish
  `;
}

clause(
  "U-12",
  "user space can implement an MSR that holds state, for each vCPU its own",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["unknown"]);
    const guests = [
      { reset: 0x10n, first: 0x1111_2222_3333_4444n, second: 0xffff_0000_ffff_0001n },
      { reset: 0x20n, first: 0x5555_6666_7777_8888n, second: 0x0000_ffff_0000_fff2n },
    ].map(({ reset, first, second }) => ({
      session: Session.boot(vm, stateful(first, second)),
      msrs: new Map<number, bigint>(FABRICATED.map((index) => [index, reset])),
      wanted: { r8: reset, r9: reset, r10: first, r11: second },
    }));
    // One exit of each guest in turn, so that the two are always in the midst of their accesses.
    for (let count = 0; count < 6; count++) {
      for (const { session, msrs } of guests) {
        const isWrite = count === 2 || count === 3;
        const exit = isWrite ? session.next("X86_WRMSR") : session.next("X86_RDMSR");
        assert(msrs.has(exit.index), `MSR 0x${exit.index.toString(16)} is a fabricated one`);
        if (exit.name === "X86_RDMSR") {
          exit.supply(msrs.get(exit.index)!);
        } else {
          msrs.set(exit.index, exit.data);
          exit.acknowledge();
        }
      }
    }
    guests.forEach(({ session, wanted }, vcpu) => {
      const seen = session.finish();
      assertNoFault(session, seen);
      assertRegisters(session, seen, wanted, `vCPU ${vcpu}`);
    });
  },
);
