/**
 * Accesses to guest-physical addresses that no memory slot covers.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { asm64, Session } from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";

const HOLE = 0x3000_0000n;

kvmTest("a read exits as MMIO, in each width, and reads what was supplied", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov rsi, ${HOLE}
      movzx eax, byte [rsi]
      movzx ebx, word [rsi + 2]
      mov ecx, [rsi + 4]
      mov rdx, [rsi + 8]
      jmp finish
    `,
  );
  const supplied = Uint8Array.of(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88);
  for (const [offset, size] of [[0n, 1], [2n, 2], [4n, 4], [8n, 8]] as const) {
    const exit = session.next("MMIO");
    assertEquals([exit.isWrite, exit.gpa, exit.data.length], [false, HOLE + offset, size]);
    exit.supply(supplied.subarray(0, size));
  }
  const { rax, rbx, rcx, rdx } = session.finish().regs;
  assertEquals([rax, rbx, rcx, rdx], [0x11n, 0x2211n, 0x4433_2211n, 0x8877_6655_4433_2211n]);
});

kvmTest("a write exits as MMIO, in each width, with what was written", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov rsi, ${HOLE}
      mov rax, 0x8877665544332211
      mov [rsi], al
      mov [rsi + 2], ax
      mov [rsi + 4], eax
      mov [rsi + 8], rax
      jmp finish
    `,
  );
  const written = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
  for (const [offset, size] of [[0n, 1], [2n, 2], [4n, 4], [8n, 8]] as const) {
    const exit = session.next("MMIO");
    assertEquals([exit.isWrite, exit.gpa], [true, HOLE + offset]);
    assertEquals([...exit.data], written.slice(0, size));
    assertThrows(() => exit.supply(new Uint8Array(size)), TypeError);
  }
  session.finish();
});

kvmTest("supply() of an exit that is over throws", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov rsi, ${HOLE}
      mov eax, [rsi]
      mov ebx, [rsi]
      jmp finish
    `,
  );
  const first = session.next("MMIO");
  first.supply(Uint8Array.of(1, 0, 0, 0));
  session.next("MMIO").supply(Uint8Array.of(2, 0, 0, 0));
  assertThrows(() => first.supply(Uint8Array.of(3, 0, 0, 0)), Error, "entered again");
  const { rax, rbx } = session.finish().regs;
  assertEquals([rax, rbx], [1n, 2n]);
});
