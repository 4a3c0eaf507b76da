/**
 * What a failed assertion tells a kernel developer.
 *
 * @module
 */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  asm16,
  asm64,
  assertGp,
  assertMsrExit,
  assertNoFault,
  guest,
  GuestAssertionError,
  type Kvm,
  Msr,
  MsrFilter,
  Session,
} from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";

function denying(kvm: Kvm, program = guest.rdmsr(Msr.IA32_SYSENTER_CS)): Session {
  const vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  return Session.boot(vm, program);
}

kvmTest("next() shows wanted and got, code, registers and the exits so far", ({ kvm }) => {
  const session = denying(kvm);
  using _ = session.vm;
  const error = assertThrows(() => session.next("HLT"), GuestAssertionError);
  const got = "KVM_EXIT_X86_RDMSR (29) IA32_SYSENTER_CS (0x174) reason filter";
  assertEquals([error.wanted, error.got], ["KVM_EXIT_HLT (5)", got]);
  // Where finish lies is the stubs' affair.
  const message = error.message.replace(/e9 [0-9a-f ]+ jmp 0x[0-9a-f]+$/m, "jmp finish");
  assertEquals(message.split("\n"), [
    `Wanted KVM_EXIT_HLT (5), got ${got}`,
    "Guest (long mode) around RIP 0xc013:",
    "     0000c000  b9 74 01 00 00        mov ecx, 0x174",
    "     0000c005  48 c7 c0 ff ff ff ff  mov rax, 0xffffffffffffffff",
    "     0000c00c  48 c7 c2 ff ff ff ff  mov rdx, 0xffffffffffffffff",
    "  rdmsr:",
    "  => 0000c013  0f 32                 rdmsr",
    "  after:",
    "     0000c015  jmp finish",
    "Registers:",
    "  rax=ffffffffffffffff rbx=0000000000000000 rcx=0000000000000174 rdx=ffffffffffffffff",
    "  rsi=0000000000000000 rdi=0000000000000000 rsp=000000000000a000 rbp=0000000000000000",
    "  r8=0000000000000000 r9=0000000000000000 r10=0000000000000000 r11=0000000000000000",
    "  r12=0000000000000000 r13=0000000000000000 r14=0000000000000000 r15=0000000000000000",
    "  rip=000000000000c013 rflags=0000000000000002",
    "Exits so far:",
    `  1. ${got} -> no answer`,
  ]);
});

kvmTest("assertGp() shows the end of a program that should have faulted", ({ kvm }) => {
  const session = denying(kvm);
  using _ = session.vm;
  session.next("X86_RDMSR").supply(0x1_0000_0002n);
  const seen = session.finish();
  const { message } = assertThrows(() => assertGp(session, seen), GuestAssertionError);
  assertEquals(
    message.split("\n")[0],
    "Wanted #GP (13), got no fault: the program came to its end with EDX:EAX 0x100000002",
  );
  assertStringIncludes(message, "\nGuest (long mode) came to its end:\n    0000c000  b9 74 01");
  assertStringIncludes(message, "\n  rdmsr:\n    0000c013  0f 32 ");
  assertStringIncludes(message, "reason filter -> supplied 0x100000002\n  2. KVM_EXIT_IO (2) out");
});

kvmTest("assertNoFault() shows the code where the fault was taken, not the stub", ({ kvm }) => {
  const session = denying(kvm);
  using _ = session.vm;
  session.next("X86_RDMSR").refuse();
  const seen = session.finish();
  const { message } = assertThrows(() => assertNoFault(session, seen), GuestAssertionError);
  for (
    const part of [
      "Wanted no fault, got #GP (13) error code 0 at RIP 0xc013\n",
      "Guest (long mode) around RIP 0xc013:\n",
      "  => 0000c013  0f 32                 rdmsr\n",
      "Fault: #GP (13) error code 0 at RIP 0xc013\n",
      "rcx=0000000000000174",
      "  1. KVM_EXIT_X86_RDMSR (29) IA32_SYSENTER_CS (0x174) reason filter -> refused (error = 1)\n",
    ]
  ) {
    assertStringIncludes(message, part);
  }
});

kvmTest("assertMsrExit() names both MSRs", ({ kvm }) => {
  const session = denying(kvm, guest.wrmsr(Msr.EFER, 0x500n));
  using _ = session.vm;
  const exit = session.next("X86_WRMSR");
  const wanted = { index: Msr.LSTAR };
  const { message } = assertThrows(() => assertMsrExit(session, exit, wanted), GuestAssertionError);
  assertStringIncludes(message, "Wanted MSR LSTAR (0xc0000082), got MSR EFER (0xc0000080)\n");
  assertStringIncludes(message, "1. KVM_EXIT_X86_WRMSR (30) EFER (0xc0000080) data 0x500");
});

kvmTest("finish() shows an exit that nobody handles", ({ kvm }) => {
  const session = denying(kvm, guest.wrmsr(Msr.IA32_SYSENTER_CS, 0x10n));
  using _ = session.vm;
  const { message } = assertThrows(() => session.finish(), GuestAssertionError);
  assertStringIncludes(message, "Wanted the end of the program, got KVM_EXIT_X86_WRMSR (30)");
  assertStringIncludes(message, "=> 0000c00f  0f 30           wrmsr");
});

kvmTest("describe() says so when RIP is in no code that was put there", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov rax, 0x30000000
      jmp rax
    `,
  );
  session.next("INTERNAL_ERROR");
  assertStringIncludes(session.describe(), "around RIP 0x30000000:\n  RIP is in no code that");
});

kvmTest("describe() disassembles for the mode of the guest", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm16`
      mov eax, 0x12345678
      hlt
    `,
  );
  assertStringIncludes(session.describe(), "Guest (real mode) around RIP 0xc000:");
  assertStringIncludes(session.describe(), "=> 0000c000  66 b8 78 56 34 12  mov eax, 0x12345678");
});
