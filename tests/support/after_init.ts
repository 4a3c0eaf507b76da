/**
 * A vCPU that is sent INIT and starts again, under the standing filter.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm16,
  asm64,
  assemble,
  EXIT_REASON,
  formatExit,
  formatMsr,
  type Kvm,
  Msr,
  type MsrAccess,
  type Session,
} from "@trapline/trapline";
import { bootWalker } from "./assert_walk.ts";
import { assertStanding, bootStanding } from "./standing_filter.ts";

/** A page below 1 MiB where nothing else of the first guest lies: the vector of its startup IPI. */
const STARTUP_VECTOR = 0x20;

/** What a vCPU accesses after INIT; the CPU may execute some of these without KVM. */
const AFTER_INIT: readonly (readonly [MsrAccess["kind"], index: number, isDenied: boolean])[] = [
  ["read", Msr.IA32_SYSENTER_CS, true],
  ["write", Msr.IA32_SYSENTER_CS, false],
  ["write", Msr.KERNEL_GS_BASE, true],
  ["read", Msr.KERNEL_GS_BASE, false],
  ["read", Msr.KVM_SYSTEM_TIME_NEW, true],
  ["write", Msr.KVM_SYSTEM_TIME_NEW, true],
  ["read", 0x474f_4f00, true],
  ["write", 0x474f_4f00, true],
  ["read", Msr.SYSCALL_MASK, false],
  ["write", Msr.SYSCALL_MASK, false],
  ["read", Msr.IA32_PAT, false],
];
/** What the guest gets from each denied read, and what it writes. */
const CARRIED = 0x1357_9bdf_0246_8acen;
const WRITTEN = 0x18n;
/** The port to which it says how far it has come. */
const STEP_PORT = 0x80;

function startupCode([kind, index]: readonly [MsrAccess["kind"], number, boolean]): string {
  return `
    mov ecx, ${index}
    mov eax, ${WRITTEN}
    mov edx, 0
    ${kind === "read" ? "rdmsr" : "wrmsr"}
    out ${STEP_PORT}, eax
  `;
}

/** Code that makes these accesses from the state that INIT leaves, and says so after each. */
const STARTUP = asm16`${AFTER_INIT.map(startupCode).join("\n")}`;

/** Lets the first vCPU send INIT and a startup IPI to the other, by x2APIC's ICR. */
function sendInit(session: Session, apicId: number): void {
  const sregs = session.vcpu.sregs();
  session.vcpu.setSregs({ ...sregs, apic_base: sregs.apic_base | 0xc00n });
  session.load(asm64`
    mov ecx, 0x830
    mov edx, ${apicId}
    mov eax, 0x4500
    wrmsr
    mov eax, ${0x4600 | STARTUP_VECTOR}
    wrmsr
    jmp finish
  `);
  session.finish();
}

/**
 * Asserts that the standing filter decides for a vCPU that has been through INIT, whether it knew
 * of the filter before (`isKnown`) or has yet to hear of it.
 */
export function assertStandingAfterInit(kvm: Kvm, isKnown: boolean): void {
  const vm = kvm.createVm();
  vm.createIrqchip();
  vm.setTssAddress(0xfffb_d000);
  using guest = bootStanding(vm);
  const second = bootWalker(vm);
  second.vcpu.setMpState("RUNNABLE");
  assertStanding(second, "before INIT");
  vm.memory.write(STARTUP_VECTOR * 0x1000, assemble(STARTUP, { base: 0 }).bytes);
  if (!isKnown) guest.renew(second);
  sendInit(guest.session, second.vcpu.id);
  const { vcpu } = second;
  for (const [kind, index, isDenied] of AFTER_INIT) {
    const what = `${kind} of ${formatMsr(index)} after INIT`;
    if (isDenied) {
      const exit = vcpu.run();
      const name = kind === "read" ? "X86_RDMSR" : "X86_WRMSR";
      const data = kind === "read" ? "" : ` data 0x${WRITTEN.toString(16)}`;
      assertEquals(
        formatExit(exit),
        `KVM_EXIT_${name} (${EXIT_REASON[name]}) ${formatMsr(index)}${data} reason filter`,
        what,
      );
      if (exit.name === "X86_RDMSR") exit.supply(CARRIED);
      if (exit.name === "X86_WRMSR") exit.acknowledge();
    }
    const end = vcpu.run();
    assertEquals(end.name, "IO", `the guest goes on, ${what}`);
    const { rax, rcx, rdx } = vcpu.regs();
    assertEquals(rcx, BigInt(index), `ECX of the guest, ${what}`);
    if (kind === "read" && isDenied) assertEquals(rdx << 32n | rax, CARRIED, what);
  }
}
