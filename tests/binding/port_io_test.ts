/**
 * Port I/O: both directions, every width, strings.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { asm64, assertNoFault, type IoExit, Session } from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";

function shape({ direction, port, size, count }: IoExit): unknown[] {
  return [direction, port, size, count];
}

kvmTest("OUT shows port, width and value", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov eax, 0x84838281
      mov edx, 0x1234
      out dx, al
      out dx, ax
      out dx, eax
      jmp finish
    `,
  );
  for (const [size, value] of [[1, 0x81], [2, 0x8281], [4, 0x8483_8281]] as const) {
    const exit = session.next("IO");
    assertEquals(shape(exit), ["out", 0x1234, size, 1]);
    assertEquals([exit.value, exit.data.length], [value, size]);
    assertThrows(() => exit.supply(new Uint8Array(size)), TypeError);
  }
  assertNoFault(session, session.finish());
});

kvmTest("IN reads what was supplied, in each width, and leaves the rest", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov rax, -1
      in al, 0x10
      mov rbx, rax
      mov rax, -1
      in ax, 0x11
      mov rsi, rax
      mov rax, -1
      in eax, 0x12
      mov rdi, rax
      jmp finish
    `,
  );
  for (const size of [1, 2, 4]) {
    const exit = session.next("IO");
    assertEquals(exit.direction, "in");
    assertEquals(exit.size, size);
    exit.supply(Uint8Array.of(0x11, 0x22, 0x33, 0x44).slice(0, size));
  }
  const { rbx, rsi, rdi } = session.finish().regs;
  assertEquals(rbx, 0xffff_ffff_ffff_ff11n);
  assertEquals(rsi, 0xffff_ffff_ffff_2211n);
  assertEquals(rdi, 0x4433_2211n);
});

kvmTest("supply() twice supplies the second, and not at all after the next entry", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      in al, 0x10
      mov bl, al
      in al, 0x10
      jmp finish
    `,
  );
  const first = session.next("IO");
  first.supply(Uint8Array.of(1));
  first.supply(Uint8Array.of(2));
  const second = session.next("IO");
  assertThrows(() => first.supply(Uint8Array.of(3)), Error, "entered again since this exit");
  second.supply(Uint8Array.of(4));
  const { rbx, rax } = session.finish().regs;
  assertEquals([rbx, rax], [2n, 4n]);
});

kvmTest("REP OUTSB writes every item in order", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov rsi, list
      mov ecx, 5
      mov edx, 0x10
      rep outsb
      jmp finish
    `,
  );
  vm.memory.write(0x10_0000, Uint8Array.of(9, 8, 7, 6, 5));
  const items: number[] = [];
  while (items.length < 5) {
    const exit = session.next("IO");
    assertEquals([exit.direction, exit.port, exit.size], ["out", 0x10, 1]);
    assertEquals(exit.data.length, exit.count);
    items.push(...exit.data);
  }
  assertEquals(items, [9, 8, 7, 6, 5]);
  assertEquals(session.finish().regs.rcx, 0n);
});

kvmTest("REP INSW is several items in one exit, supplied together", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov rdi, list
      mov ecx, 5
      mov edx, 0x10
      rep insw
      jmp finish
    `,
  );
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  const exit = session.next("IO");
  assertEquals(shape(exit), ["in", 0x10, 2, 5]);
  assertThrows(() => exit.supply(bytes.subarray(1)), RangeError, "the guest reads 10");
  exit.supply(bytes);
  const { rcx, rdi } = session.finish().regs;
  assertEquals([rcx, rdi], [0n, 0x10_000an]);
  assertEquals(vm.memory.read(0x10_0000, 12), Uint8Array.of(...bytes, 0, 0));
});

kvmTest("IN from the port of finish is no end of the program", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      in al, 0xe0
      jmp finish
    `,
  );
  const exit = session.next("IO");
  assertEquals([exit.port, session.endOf(exit)], [0xe0, undefined]);
  assertNoFault(session, session.finish());
});
