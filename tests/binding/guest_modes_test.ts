/**
 * The four states in which a guest can start.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm16,
  asm32,
  asm64,
  type AsmSource,
  assertFault,
  assertGp,
  assertNoFault,
  assertValue,
  type Bitness,
  guest,
  type GuestMode,
  type GuestRegister,
  Msr,
  MsrFilter,
  Session,
} from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";

const RING_0: readonly (readonly [GuestMode, Bitness])[] = [
  ["real", 16],
  ["protected", 32],
  ["long", 64],
];

const NARROW: readonly GuestRegister[] = ["rax", "rcx", "rdx", "rbx", "rbp", "rsi", "rdi"];
const WIDE: readonly GuestRegister[] = ["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

/** The 32-bit name of a register. */
function low(name: GuestRegister): string {
  return NARROW.includes(name) ? `e${name.slice(1)}` : `${name}d`;
}

const ASM = { 16: asm16, 32: asm32, 64: asm64 } as const;

for (const [mode, bitness] of RING_0) {
  kvmTest(`boot() in ${mode} mode reads the value of an MSR`, ({ kvm }) => {
    using vm = kvm.createVm();
    const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_EIP, { bitness }));
    assertEquals(session.mode, mode);
    session.vcpu.setMsrs([[Msr.IA32_SYSENTER_EIP, 0x1234_5678n]]);
    session.restart();
    assertValue(session, session.finish(), 0x1234_5678n);
    session.load(guest.wrmsr(Msr.IA32_SYSENTER_EIP, 0x8765_4321n, { bitness }));
    assertNoFault(session, session.finish());
    assertEquals(session.vcpu.getMsr(Msr.IA32_SYSENTER_EIP), 0x8765_4321n);
  });

  kvmTest(`boot() in ${mode} mode shows the #GP of a denied read`, ({ kvm }) => {
    using vm = kvm.createVm();
    vm.setMsrFilter(MsrFilter.DENY_ALL);
    const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS, { bitness }));
    const seen = session.finish();
    const fault = assertGp(session, seen, { rip: session.symbol("rdmsr") });
    const { cs, ss } = session.vcpu.sregs();
    assertEquals([fault.cs, fault.ss, fault.rsp], [cs.selector, ss.selector, 0xa000n]);
    assertEquals([seen.regs.rcx, seen.regs.rax & 0xffff_ffffn], [0x174n, 0xffff_ffffn]);
  });

  kvmTest(`finish in ${mode} mode reports every register`, ({ kvm }) => {
    using vm = kvm.createVm();
    const names = [...NARROW, ...(bitness === 64 ? WIDE : [])];
    const sets = names.map((name, i) => `mov ${low(name)}, ${0x1000_0000 + i}`).join("\n");
    const session = Session.boot(
      vm,
      ASM[bitness]`
        ${sets}
        stc
        jmp finish
      `,
    );
    const { regs, fault } = session.finish();
    assertEquals(fault, undefined);
    assertEquals(names.map((name) => regs[name]), names.map((_, i) => BigInt(0x1000_0000 + i)));
    // The stack is empty and only the carry is set.
    assertEquals([regs.rsp, regs.rflags & 0xd5n], [0xa000n, 1n]);
  });
}

function userSession(vm: Parameters<typeof Session.boot>[0], program: AsmSource): Session {
  return Session.boot(vm, program, { mode: "long-user" });
}

kvmTest("boot() in long-user mode runs in ring 3 and comes to its end", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = userSession(
    vm,
    asm64`
      mov eax, cs
      mov edx, ss
      jmp finish
    `,
  );
  const seen = session.finish();
  assertNoFault(session, seen);
  assertEquals([seen.regs.rax & 3n, seen.regs.rdx & 3n], [3n, 3n]);
});

kvmTest("RDMSR in ring 3 is a #GP of its own, which no filter sees", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  const session = userSession(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
  const fault = assertGp(session, session.finish(), { rip: session.symbol("rdmsr") });
  assertEquals([fault.cs & 3, fault.ss & 3, fault.rsp], [3, 3, 0xa000n]);
  assertEquals(session.transcript.count, 1);
});

kvmTest("restart() after a fault in ring 3 starts in ring 3 again", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = userSession(
    vm,
    asm64`
      mov eax, cs
      mov edx, ss
      ud2
    `,
  );
  for (let i = 0; i < 3; i++) {
    const seen = session.finish();
    const fault = assertFault(session, seen, { vector: 6, rip: BigInt(session.program.base) + 4n });
    assertEquals([fault.cs & 3, fault.ss & 3], [3, 3]);
    assertEquals([seen.regs.rax & 3n, seen.regs.rdx & 3n], [3n, 3n]);
    session.restart();
  }
});

kvmTest("several guests of a VM keep to their own windows", ({ kvm }) => {
  using vm = kvm.createVm();
  const modes = ["real", "protected", "long", "long-user"] as const;
  const sessions = modes.map((mode, i) => {
    const program = mode === "real" ? asm16 : mode === "protected" ? asm32 : asm64;
    return Session.boot(
      vm,
      program`
        mov ebx, ${0x100 + i}
        jmp finish
      `,
      { mode },
    );
  });
  assertEquals(sessions.map(({ base }) => base), [0, 0x20_0000, 0x40_0000, 0x60_0000]);
  const seen = sessions.toReversed().map((session) => session.finish().regs).toReversed();
  assertEquals(seen.map(({ rbx }) => rbx), [0x100n, 0x101n, 0x102n, 0x103n]);
  assertEquals(seen.map(({ rsp }) => rsp), [0xa000n, 0x20_a000n, 0x40_a000n, 0x60_a000n]);
});
