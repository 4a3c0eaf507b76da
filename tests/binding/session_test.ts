/**
 * Loading, restarting and finishing programs.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  asm32,
  asm64,
  assertFault,
  assertGp,
  assertNoFault,
  assertValue,
  guest,
  GuestAssertionError,
  type Kvm,
  Msr,
  MsrFilter,
  Session,
  type Vm,
} from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";

function denyingVm(kvm: Kvm): Vm {
  const vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  return vm;
}

const READ = guest.rdmsr(Msr.IA32_SYSENTER_CS);
const COUNTS = asm64`
    mov ebx, 1
    mov ecx, 2
    jmp finish
`;

kvmTest("restart() begins with registers, report and transcript as new", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      add rbx, 1
      pushfq
      std
      jmp finish
    `,
  );
  for (let i = 0; i < 3; i++) {
    const { regs } = session.finish();
    assertEquals([regs.rbx, regs.rsp], [1n, 0x9ff8n]);
    assertEquals(session.transcript.count, 1);
    session.restart();
    assertEquals([session.transcript.count, session.vcpu.regs().rflags], [0, 2n]);
  }
});

kvmTest("load() replaces the program and its labels", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, READ);
  const rdmsr = session.symbol("rdmsr");
  session.load(asm64`
    nop
  here:
    jmp finish
  `);
  assertThrows(() => session.symbol("rdmsr"), RangeError, '"here"');
  assertEquals(session.symbol("here"), BigInt(session.program.base) + 1n);
  assertNoFault(session, session.finish());
  assertEquals(rdmsr > session.symbol("here"), true);
});

kvmTest("load() keeps special registers and MSRs", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, guest.wrmsr(Msr.IA32_SYSENTER_CS, 0x33n));
  session.finish();
  session.load(READ);
  assertValue(session, session.finish(), 0x33n);
});

kvmTest("load() refuses another bitness and keeps the program", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, COUNTS);
  assertThrows(() => session.load(asm32`nop`), RangeError, "32-bit code");
  assertThrows(() => session.load(asm64`mov`), SyntaxError);
  assertThrows(() => session.load(asm64`vector_999: nop`), RangeError, "vectors end at 255");
  assertEquals(session.finish().regs.rcx, 2n);
});

kvmTest("a label vector_N takes the vector over until the next load()", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      ud2
    vector_6:
      pop rbx
      mov ecx, 6
      jmp finish
    `,
  );
  const own = session.finish();
  assertNoFault(session, own);
  assertEquals([own.regs.rbx, own.regs.rcx], [BigInt(session.program.base), 6n]);
  session.load(asm64`ud2`);
  assertFault(session, session.finish(), { vector: 6, rip: BigInt(session.program.base) });
});

kvmTest("load() and restart() after an unanswered exit are not disturbed by it", ({ kvm }) => {
  using vm = denyingVm(kvm);
  const session = Session.boot(vm, READ);
  for (let i = 0; i < 3; i++) {
    session.next("X86_RDMSR");
    session.load(COUNTS);
    const { regs, fault } = session.finish();
    assertEquals([regs.rbx, regs.rcx, fault], [1n, 2n, undefined]);
    session.load(guest.wrmsr(Msr.IA32_SYSENTER_CS, 1n));
    session.next("X86_WRMSR");
    session.restart();
    session.next("X86_WRMSR").acknowledge();
    assertNoFault(session, session.finish());
    session.load(READ);
  }
});

kvmTest("restart() after a refused access takes no #GP into the next run", ({ kvm }) => {
  using vm = denyingVm(kvm);
  const session = Session.boot(vm, READ);
  session.next("X86_RDMSR").refuse();
  session.restart();
  session.next("X86_RDMSR").supply(7n);
  assertValue(session, session.finish(), 7n);
  session.restart();
  session.next("X86_RDMSR").refuse();
  session.load(COUNTS);
  assertNoFault(session, session.finish());
});

for (const [name, instruction] of [["IN", "in eax, 0x10"], ["a read", "mov eax, [rsi]"]] as const) {
  kvmTest(`load() after an unanswered exit of ${name} is not disturbed by it`, ({ kvm }) => {
    using vm = kvm.createVm();
    const session = Session.boot(
      vm,
      asm64`
        mov rsi, 0x30000000
        ${instruction}
        jmp finish
      `,
    );
    session.step();
    session.load(COUNTS);
    const { regs, fault } = session.finish();
    assertEquals([regs.rax, regs.rbx, regs.rcx, fault], [0n, 1n, 2n, undefined]);
  });
}

kvmTest(
  "load() after the first exit of REP INSB lets it end before the program goes",
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = Session.boot(
      vm,
      asm64`
      mov rdi, ${0xc000}
      mov ecx, 0x2000
      mov edx, 0x10
      rep insb
      jmp finish
    `,
    );
    session.next("IO");
    session.load(COUNTS);
    assertEquals(session.finish().regs.rcx, 2n);
  },
);

kvmTest("finish() hands MSR exits to the handlers and refuses the others", ({ kvm }) => {
  using vm = denyingVm(kvm);
  const session = Session.boot(vm, READ);
  const seen = session.finish({ onRdmsr: (exit) => exit.supply(5n) });
  assertValue(session, seen, 5n);
  session.restart();
  const error = assertThrows(() => session.finish({ onWrmsr: () => {} }), GuestAssertionError);
  assertEquals(error.wanted, "the end of the program");
  session.restart();
  assertGp(session, session.finish({ onRdmsr: (exit) => exit.refuse() }));
});

kvmTest("endOf() is undefined for what is no end", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      out 0x10, al
      hlt
      jmp finish
    `,
  );
  assertEquals(session.endOf(session.step()), undefined);
  assertEquals(session.endOf(session.step()), undefined);
  assertEquals(session.endOf(session.step())?.fault, undefined);
});
