/**
 * The instructions that enter and leave a kernel, which find their way by
 * MSRs, each with a guest that shows where it arrived (SDM volume 2, APM volume
 * 3, the instructions' pages).
 *
 * @module
 */
import { asm32, asm64, type AsmSource, Msr, type Session } from "@trapline/trapline";
import { enterCompatibility } from "./compatibility_code.ts";
import { type ImplicitUse, implicitUse, registers } from "./implicit_use.ts";

// Selectors of the guest's GDT, in the order that both instruction pairs expect.
const CODE64 = 0x08n;
const DATA = 0x10n;
const USER_CODE32 = 0x1bn;
const USER_DATA = 0x23n;
const USER_CODE64 = 0x2bn;

const FLAGS = { reserved: 0x2n, IOPL3: 0x3000n, AC: 1n << 18n, ID: 1n << 21n } as const;
const SCE = 1n;
/** Stack after SYSENTER and SYSEXIT. */
const OTHER_STACK = 0x9800n;

function setSyscall(session: Session): void {
  const { vcpu } = session;
  const sregs = vcpu.sregs();
  vcpu.setSregs({ ...sregs, efer: sregs.efer | SCE });
  vcpu.setMsrs([
    [Msr.STAR, USER_CODE32 >> 2n << 50n | CODE64 << 32n],
    [Msr.LSTAR, session.symbol("target")],
    [Msr.SYSCALL_MASK, FLAGS.AC],
  ]);
}

function setSysenter(session: Session): void {
  session.vcpu.setMsrs([
    [Msr.IA32_SYSENTER_CS, CODE64],
    [Msr.IA32_SYSENTER_ESP, OTHER_STACK],
    [Msr.IA32_SYSENTER_EIP, session.symbol("target")],
  ]);
}

const SYSENTER_MSRS = [Msr.IA32_SYSENTER_CS, Msr.IA32_SYSENTER_ESP, Msr.IA32_SYSENTER_EIP];

/** After a change of code segment: which one, and which stack segment. */
const REPORT_SEGMENTS = `
  target:
    mov ebx, cs
    mov ebp, ss
    jmp finish`;

function sysexit(name: string, program: (prefix: string) => AsmSource, cs: bigint): ImplicitUse {
  return implicitUse(name, [Msr.IA32_SYSENTER_CS], program, (session) => {
    setSysenter(session);
    return registers({ rbx: cs, rbp: cs + 8n, rsp: OTHER_STACK });
  });
}

function sysenter(name: string, program: (prefix: string) => AsmSource): ImplicitUse {
  return implicitUse(name, SYSENTER_MSRS, program, (session) => {
    setSysenter(session);
    return registers({ rbx: CODE64, rbp: DATA, rsp: OTHER_STACK });
  });
}

/** SYSENTER in each mode that a processor may have it in, which reads all three of its MSRs. */
export const SYSENTER: readonly ImplicitUse[] = [
  sysenter("SYSENTER in protected mode", (prefix) =>
    asm32`
    ${prefix}
    sysenter
    jmp finish
    ${REPORT_SEGMENTS}`),
  sysenter("SYSENTER in compatibility mode", (prefix) =>
    asm64`
    ${enterCompatibility(0)}
    ${prefix}
    sysenter
    ${REPORT_SEGMENTS}`),
  sysenter("SYSENTER in 64-bit mode", (prefix) =>
    asm64`
    ${prefix}
    sysenter
    jmp finish
    ${REPORT_SEGMENTS}`),
];

/** SYSEXIT, which reads SYSENTER_CS. */
export const SYSEXIT: readonly ImplicitUse[] = [
  sysexit(
    "SYSEXIT in protected mode",
    (prefix) =>
      asm32`
    push ${FLAGS.reserved | FLAGS.IOPL3}
    popfd
    mov ecx, ${OTHER_STACK}
    mov edx, target
    ${prefix}
    sysexit
    jmp finish
    ${REPORT_SEGMENTS}`,
    USER_CODE32,
  ),
  sysexit(
    "SYSEXIT in 64-bit mode",
    (prefix) =>
      asm64`
    push ${FLAGS.reserved | FLAGS.IOPL3}
    popfq
    mov ecx, ${OTHER_STACK}
    mov edx, target
    ${prefix}
    sysexitq
    jmp finish
    ${REPORT_SEGMENTS}`,
    USER_CODE64,
  ),
];

/**
 * SYSCALL and SYSRET, which read EFER and STAR, and SYSCALL also LSTAR, or CSTAR in compatibility
 * mode, and SYSCALL_MASK. Intel's CPUs have it in 64-bit mode alone.
 */
export const SYSTEM_CALLS: readonly ImplicitUse[] = [
  implicitUse(
    "SYSCALL",
    [Msr.EFER, Msr.STAR, Msr.LSTAR, Msr.SYSCALL_MASK],
    (prefix) =>
      asm64`
    push ${FLAGS.reserved | FLAGS.AC | FLAGS.ID}
    popfq
    ${prefix}
    syscall
  after:
    jmp finish
    ${REPORT_SEGMENTS}`,
    (session) => {
      setSyscall(session);
      return registers({
        rbx: CODE64,
        rbp: DATA,
        rcx: session.symbol("after"),
        r11: FLAGS.reserved | FLAGS.AC | FLAGS.ID,
        rflags: FLAGS.reserved | FLAGS.ID,
      });
    },
  ),
  implicitUse(
    "SYSCALL in compatibility mode",
    [Msr.EFER, Msr.STAR, Msr.CSTAR, Msr.SYSCALL_MASK],
    (prefix) =>
      asm64`
    push ${FLAGS.reserved | FLAGS.AC | FLAGS.ID}
    popfq
    ${enterCompatibility(0)}
    ${prefix}
    syscall
  after:
    hlt
    ${REPORT_SEGMENTS}`,
    (session) => {
      setSyscall(session);
      session.vcpu.setMsrs([[Msr.LSTAR, 0n], [Msr.CSTAR, session.symbol("target")]]);
      return registers({
        rbx: CODE64,
        rbp: DATA,
        rcx: session.symbol("after"),
        r11: FLAGS.reserved | FLAGS.AC | FLAGS.ID,
        rflags: FLAGS.reserved | FLAGS.ID,
      });
    },
  ),
  implicitUse(
    "SYSRET",
    [Msr.EFER, Msr.STAR],
    (prefix) =>
      asm64`
    mov rcx, target
    mov r11, ${FLAGS.reserved | FLAGS.IOPL3 | FLAGS.ID}
    ${prefix}
    sysretq
    jmp finish
    ${REPORT_SEGMENTS}`,
    (session) => {
      setSyscall(session);
      return registers({
        rbx: USER_CODE64,
        rbp: USER_DATA,
        rflags: FLAGS.reserved | FLAGS.IOPL3 | FLAGS.ID,
      });
    },
  ),
];
