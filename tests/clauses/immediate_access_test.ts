/**
 * RDMSR and WRMSRNS with the MSR's index in the instruction (Linux 6.18; SDM
 * volume 2).
 *
 * @module
 */
import {
  asm64,
  type AsmSource,
  assertGp,
  assertMsrExit,
  assertNoFault,
  Kvm,
  Msr,
  type RdmsrExit,
  Session,
  type WrmsrExit,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { nextMsrExit } from "../support/msr_exits.ts";
import { denyOnly } from "../support/msr_probes.ts";
import { assertRegisters } from "../support/sentinels.ts";

function offersImmediates(): string | undefined {
  using kvm = Kvm.open();
  const leaf = kvm.supportedCpuid().find((entry) => entry.function === 7 && entry.index === 1);
  return leaf !== undefined && (leaf.ecx >>> 5 & 1) === 1
    ? undefined
    : "MSR_IMM is not in the supported CPUID";
}

/** Registers by their number in the instruction. */
const REGISTERS = { rax: 0, rcx: 1, rbx: 3, rdi: 7, r8: 8, r15: 15 } as const;
type Register = keyof typeof REGISTERS;

/** VEX.LZ.F2.MAP7.W0 F6 /0 id for a read, F3 for a write; the register is in ModRM.rm. */
function encode(kind: "read" | "write", register: Register, index: number): string {
  const number = REGISTERS[register];
  const map = number < 8 ? 0xe7 : 0xc7;
  const bytes = [0xc4, map, kind === "read" ? 0x7b : 0x7a, 0xf6, 0xc0 | number & 7];
  return `db ${bytes.join(", ")}\ndd ${index}`;
}

const BEFORE = 0x1111_2222_3333_4444n;

function access(kind: "read" | "write", register: Register): AsmSource {
  const loads = Object.keys(REGISTERS).map((name) => `mov ${name}, ${BEFORE}`);
  return asm64`
    ${loads.join("\n")}
  access:
    ${encode(kind, register, Msr.KERNEL_GS_BASE)}
  after:
    jmp finish
  `;
}

clause(
  "X-85",
  "RDMSR and WRMSRNS with an immediate obey the filter, and complete with the register they name",
  { requires: [offersImmediates], nativeOnly: "KVM's emulator does not know the instructions" },
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["filter"]);
    const session = Session.boot(vm, asm64`jmp finish`);
    const untouched = Object.fromEntries(Object.keys(REGISTERS).map((name) => [name, BEFORE]));
    const held = 0x1234_5000n;
    for (const register of Object.keys(REGISTERS) as Register[]) {
      for (const kind of ["read", "write"] as const) {
        const what = `${kind} by ${register}`;
        const toExit = (): RdmsrExit | WrmsrExit => {
          session.load(access(kind, register));
          const exit = nextMsrExit(session, kind);
          const data = kind === "read" ? 0n : BEFORE;
          assertMsrExit(session, exit, { index: Msr.KERNEL_GS_BASE, reasons: ["filter"], data });
          return exit;
        };
        vm.setMsrFilter(denyOnly(Msr.KERNEL_GS_BASE, kind));
        const exit = toExit();
        const value = 0x9abc_def0_1234_5678n;
        if (exit.name === "X86_RDMSR") exit.supply(value);
        else exit.acknowledge();
        const seen = session.finish();
        assertNoFault(session, seen);
        const changed = kind === "read" ? { [register]: value } : {};
        assertRegisters(session, seen, { ...untouched, ...changed }, `${what}, accepted`);
        toExit().refuse();
        const refused = session.finish();
        assertGp(session, refused, { rip: session.symbol("access") });
        assertRegisters(session, refused, untouched, `${what}, refused`);
        vm.setMsrFilter({ default: "allow" });
        session.vcpu.setMsrs([[Msr.KERNEL_GS_BASE, held]]);
        session.load(access(kind, register));
        const free = session.finish();
        assertNoFault(session, free);
        const got = kind === "read" ? { [register]: held } : {};
        assertRegisters(session, free, { ...untouched, ...got }, `${what}, allowed`);
      }
    }
  },
);
