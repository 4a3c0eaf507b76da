/**
 * Real faults, as the guest's stubs record them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { asm16, asm32, asm64, assertFault, assertGp, Session } from "@trapline/trapline";
import { executes } from "../support/executes.ts";
import { kvmTest } from "../support/kvm_testing.ts";

for (const asm of [asm16, asm32, asm64]) {
  const bitness = asm``.bitness;

  kvmTest(`UD2 in ${bitness}-bit code is #UD`, ({ kvm }) => {
    using vm = kvm.createVm();
    const session = Session.boot(
      vm,
      asm`
      nop
    here:
      ud2
    `,
    );
    const rip = session.symbol("here");
    const fault = assertFault(session, session.finish(), { vector: 6, errorCode: 0, rip });
    assertEquals(fault.rsp, 0xa000n);
  });

  kvmTest(`a division by zero in ${bitness}-bit code is #DE`, ({ kvm }) => {
    using vm = kvm.createVm();
    const session = Session.boot(
      vm,
      asm`
      xor ecx, ecx
    here:
      div ecx
    `,
    );
    const rip = session.symbol("here");
    assertFault(session, session.finish(), { vector: 0, errorCode: 0, rip });
  });
}

for (const asm of [asm32, asm64]) {
  const bitness = asm``.bitness;

  kvmTest(`a selector past the GDT in ${bitness}-bit code is a #GP that names it`, ({ kvm }) => {
    using vm = kvm.createVm();
    const session = Session.boot(
      vm,
      asm`
      mov eax, 0x1233
    here:
      mov ds, ax
    `,
    );
    // The error code is the selector without its privilege bits.
    assertGp(session, session.finish(), { errorCode: 0x1230, rip: session.symbol("here") });
  });

  kvmTest(`INT3 in ${bitness}-bit code is #BP after the instruction`, ({ kvm }) => {
    using vm = kvm.createVm();
    const session = Session.boot(
      vm,
      asm`
      int3
    after:
      nop
    `,
    );
    const rip = session.symbol("after");
    assertFault(session, session.finish(), { vector: 3, errorCode: 0, rip });
  }, { requires: [executes("INT3 in ring 0", asm`int3`)] });

  kvmTest(`INT n in ${bitness}-bit code reaches the stub of each vector`, ({ kvm }) => {
    using vm = kvm.createVm();
    const session = Session.boot(vm, asm`nop`);
    for (let vector = 0; vector < 256; vector++) {
      session.load(asm`
        int ${vector}
      after:
        nop
      `);
      const fault = assertFault(session, session.finish(), { vector });
      // INT n pushes no error code, which the stubs of these vectors expect.
      if ([8, 10, 11, 12, 13, 14, 17, 21, 29, 30].includes(vector)) continue;
      assertEquals([fault.errorCode, fault.rip], [0, session.symbol("after")]);
    }
  }, { requires: [executes("INT n in ring 0", asm`int 200`)] });
}

for (const [access, errorCode] of [["mov eax, [rsi]", 0], ["mov [rsi], eax", 2]] as const) {
  kvmTest(`#PF of "${access}" has its address in CR2`, ({ kvm }) => {
    using vm = kvm.createVm();
    const session = Session.boot(
      vm,
      asm64`
        mov rsi, 0x7f1234567008
      here:
        ${access}
      `,
    );
    assertFault(session, session.finish(), {
      vector: 14,
      errorCode,
      rip: session.symbol("here"),
      cr2: 0x7f12_3456_7008n,
    });
  });
}

kvmTest("#PF in ring 3 says so in its error code", ({ kvm }) => {
  using vm = kvm.createVm();
  const program = asm64`
      mov rsi, 0x40000000
      mov [rsi], eax
  `;
  const session = Session.boot(vm, program, { mode: "long-user" });
  const fault = assertFault(session, session.finish(), { vector: 14, errorCode: 6 });
  assertEquals([fault.cr2, fault.cs & 3], [0x4000_0000n, 3]);
});

kvmTest("an address that is not canonical is a #GP with error code 0", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov rsi, 0x8000000000000000
    here:
      mov eax, [rsi]
    `,
  );
  assertGp(session, session.finish(), { rip: session.symbol("here") });
});

kvmTest("a fault reports the registers as they were", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov rbx, 0x1122334455667788
      mov r15, 0x8877665544332211
      push rbx
      stc
      ud2
    `,
  );
  const { regs, fault } = session.finish();
  assertEquals([regs.rbx, regs.r15], [0x1122_3344_5566_7788n, 0x8877_6655_4433_2211n]);
  assertEquals([fault?.rsp, (fault?.rflags ?? 0n) & 1n], [0x9ff8n, 1n]);
});
