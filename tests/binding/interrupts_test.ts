/**
 * Interrupts and exceptions from user space, and debugging, as the guest sees
 * them.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  asm16,
  asm32,
  asm64,
  assertFault,
  assertNoFault,
  KvmError,
  Session,
} from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";
import { hasGuestBreakpoints } from "../support/requirements.ts";

const WAITS = `
    sti
    nop
    out 0x80, al
  waiting:
    jmp waiting
`;

/** The vectors whose stubs expect an error code, which an interrupt does not push. */
const WITH_ERROR_CODE = new Set([8, 10, 11, 12, 13, 14, 17, 21, 29, 30]);

for (const asm of [asm16, asm32, asm64]) {
  const source = asm`${WAITS}`;
  kvmTest(
    `interrupt() reaches the stub of each vector in ${source.bitness}-bit code`,
    ({ kvm }) => {
      using vm = kvm.createVm();
      const session = Session.boot(vm, source);
      for (let vector = 0; vector < 256; vector++) {
        session.restart();
        session.next("IO");
        session.vcpu.interrupt(vector);
        const fault = assertFault(session, session.finish(), { vector });
        if (WITH_ERROR_CODE.has(vector) && source.bitness !== 16) continue;
        assertEquals([fault.errorCode, fault.rip], [0, session.symbol("waiting")], `${vector}`);
      }
    },
  );
}

kvmTest("interrupt() reaches the guest's own handler, which can return", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      sti
      nop
      out 0x80, al
      nop
    waiting:
      cmp ebx, 0
      je waiting
      jmp finish
    vector_200:
      mov ebx, 0x200
      iretq
    `,
  );
  session.next("IO");
  session.vcpu.interrupt(200);
  const seen = session.finish();
  assertNoFault(session, seen);
  assertEquals(seen.regs.rbx, 0x200n);
});

kvmTest("interrupt() refuses a vector over 255, and needs that there is no irqchip", ({ kvm }) => {
  using vm = kvm.createVm();
  const error = assertThrows(() => vm.createVcpu().interrupt(256), KvmError);
  assertEquals([error.ioctl, error.errnoName], ["KVM_INTERRUPT", "EINVAL"]);
  using other = kvm.createVm();
  other.createIrqchip();
  assertEquals(assertThrows(() => other.createVcpu().interrupt(32), KvmError).errnoName, "ENXIO");
});

kvmTest("nmi() reaches vector 2 whatever the interrupt flag", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
    waiting:
      jmp waiting
    `,
  );
  session.vcpu.nmi();
  const fault = assertFault(session, session.finish(), { vector: 2, errorCode: 0 });
  assertEquals([fault.rip, fault.rflags & 0x200n], [session.symbol("waiting"), 0n]);
});

/** What VM entry delivers as a hardware exception on every vendor. */
const HARDWARE_EXCEPTIONS = [0, 1, 5, 6, 7, 8, 10, 11, 12, 13, 14, 16, 17, 18, 19];

kvmTest("setEvents() injects exceptions with and without error codes", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, asm64`nop`);
  for (const vector of HARDWARE_EXCEPTIONS) {
    const errorCode = WITH_ERROR_CODE.has(vector) ? 0x1230 : 0;
    session.restart();
    session.vcpu.setEvents({
      "exception.injected": 1,
      "exception.nr": vector,
      "exception.has_error_code": errorCode === 0 ? 0 : 1,
      "exception.error_code": errorCode,
    });
    const rip = BigInt(session.program.base);
    assertFault(session, session.finish(), { vector, errorCode, rip });
  }
});

const STEPS = asm64`
    nop
  second:
    mov eax, 5
  third:
    add eax, 1
  fourth:
    nop
    jmp finish
`;

kvmTest("setSingleStep() exits before each next instruction, until it is off", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, STEPS);
  session.vcpu.setSingleStep(true);
  for (const label of ["second", "third", "fourth"]) {
    const exit = session.next("DEBUG");
    assertEquals([exit.exception, exit.pc], [1, session.symbol(label)]);
    // DR6.BS: a single step.
    assertEquals(exit.dr6 & 0x4000n, 0x4000n);
    assertEquals(session.vcpu.regs().rip, session.symbol(label));
  }
  assertEquals(session.vcpu.regs().rax, 6n);
  session.vcpu.setSingleStep(false);
  assertNoFault(session, session.finish());
});

kvmTest("setGuestDebug() exits at a hardware breakpoint, before its instruction", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, STEPS);
  // KVM_GUESTDBG_ENABLE and KVM_GUESTDBG_USE_HW_BP; DR7.L0 switches DR0 on.
  const dr7 = 0x401n;
  const breakpoint = [session.symbol("third"), 0n, 0n, 0n, 0n, 0n, 0n, dr7];
  session.vcpu.setGuestDebug(0x2_0001, breakpoint);
  const exit = session.next("DEBUG");
  assertEquals([exit.pc, exit.dr6 & 1n], [session.symbol("third"), 1n]);
  assertEquals(session.vcpu.regs().rax, 5n);
  session.vcpu.setGuestDebug(0);
  assertEquals(session.finish().regs.rax, 6n);
}, { requires: [hasGuestBreakpoints] });
