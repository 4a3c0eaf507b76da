/**
 * Memory slots, as the guest sees them.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { asm64, assertNoFault, KvmError, Session, takeCensus, type Vm } from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";
import { capability } from "../support/requirements.ts";

const SLOT = 10;
const GPA = 0x1000_0000;

/** Reads the word at `address` into EBX. */
const reads = (address: number) =>
  asm64`
    mov rsi, ${address}
    mov ebx, [rsi]
    jmp finish
  `;

/** Writes a word to `address`, then reads it into EBX. */
const writes = (address: number, word: number) =>
  asm64`
    mov rsi, ${address}
    mov dword [rsi], ${word}
    mov ebx, [rsi]
    jmp finish
  `;

function setWord(vm: Vm, gpa: number, word: number): void {
  vm.memory.view(gpa, 4).setUint32(0, word, true);
}

function getWord(vm: Vm, gpa: number): number {
  return vm.memory.view(gpa, 4).getUint32(0, true);
}

kvmTest("add() gives the guest memory that both sides read and write", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.memory.add({ slot: SLOT, gpa: GPA, size: 0x2000 });
  const session = Session.boot(vm, writes(GPA + 0x1ffc, 0x1234_5678));
  assertEquals(session.finish().regs.rbx, 0x1234_5678n);
  assertEquals(getWord(vm, GPA + 0x1ffc), 0x1234_5678);
  setWord(vm, GPA, 0x9abc_def0);
  session.load(reads(GPA));
  assertEquals(session.finish().regs.rbx, 0x9abc_def0n);
});

kvmTest("add() to a running VM is seen by its guest", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, reads(GPA));
  session.next("MMIO");
  vm.memory.add({ slot: SLOT, gpa: GPA, size: 0x1000 });
  setWord(vm, GPA, 7);
  session.restart();
  assertEquals(session.finish().regs.rbx, 7n);
});

kvmTest("replace() moves a slot with its contents", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.memory.add({ slot: SLOT, gpa: GPA, size: 0x1000 });
  const session = Session.boot(vm, writes(GPA, 0xabcd));
  session.finish();
  vm.memory.replace(SLOT, { gpa: GPA + 0x10_0000 });
  session.load(reads(GPA + 0x10_0000));
  assertEquals(session.finish().regs.rbx, 0xabcdn);
  session.load(reads(GPA));
  assertEquals(session.next("MMIO").gpa, BigInt(GPA));
});

kvmTest("replace() makes a slot read-only, and a guest's write an exit", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.memory.add({ slot: SLOT, gpa: GPA, size: 0x1000 });
  setWord(vm, GPA + 8, 0x11);
  vm.memory.replace(SLOT, { readonly: true });
  const session = Session.boot(vm, writes(GPA + 8, 0x22));
  const exit = session.next("MMIO");
  assertEquals([exit.isWrite, exit.gpa, [...exit.data]], [true, BigInt(GPA + 8), [0x22, 0, 0, 0]]);
  const seen = session.finish();
  assertNoFault(session, seen);
  assertEquals([seen.regs.rbx, getWord(vm, GPA + 8)], [0x11n, 0x11]);
  vm.memory.replace(SLOT, { readonly: false });
  session.restart();
  assertEquals(session.finish().regs.rbx, 0x22n);
}, { requires: [capability("READONLY_MEM")] });

kvmTest("add() of a read-only slot leaves it writable from here", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.memory.add({ slot: SLOT, gpa: GPA, size: 0x1000, readonly: true });
  setWord(vm, GPA, 0x33);
  assertEquals(Session.boot(vm, reads(GPA)).finish().regs.rbx, 0x33n);
}, { requires: [capability("READONLY_MEM")] });

kvmTest("remove() takes the memory from the guest, and the number is free again", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.memory.add({ slot: SLOT, gpa: GPA, size: 0x1000 });
  const session = Session.boot(vm, writes(GPA, 1));
  session.finish();
  vm.memory.remove(SLOT);
  session.load(reads(GPA));
  assertEquals(session.next("MMIO").isWrite, false);
  vm.memory.add({ slot: SLOT, gpa: GPA, size: 0x1000 });
  session.restart();
  assertEquals(session.finish().regs.rbx, 0n);
});

kvmTest("add() of a slot that overlaps another is EEXIST and leaves nothing", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.memory.add({ slot: 0, gpa: GPA, size: 0x2000 });
  const before = takeCensus();
  for (const gpa of [GPA - 0x1000, GPA, GPA + 0x1000]) {
    const error = assertThrows(() => vm.memory.add({ slot: 1, gpa, size: 0x2000 }), KvmError);
    assertEquals([error.ioctl, error.errnoName], ["KVM_SET_USER_MEMORY_REGION", "EEXIST"]);
  }
  assertEquals([takeCensus(), vm.memory.slots.length], [before, 1]);
  vm.memory.add({ slot: 1, gpa: GPA + 0x2000, size: 0x1000 });
});

kvmTest("replace() onto another slot is EEXIST, and the slot stays where it was", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.memory.add({ slot: SLOT, gpa: GPA, size: 0x1000 });
  vm.memory.add({ slot: SLOT + 1, gpa: GPA + 0x1000, size: 0x1000 });
  setWord(vm, GPA, 0x44);
  const error = assertThrows(() => vm.memory.replace(SLOT, { gpa: GPA + 0x1000 }), KvmError);
  assertEquals(error.errnoName, "EEXIST");
  assertEquals(Session.boot(vm, reads(GPA)).finish().regs.rbx, 0x44n);
});

kvmTest("add() refuses bad addresses, sizes and numbers before the kernel does", ({ kvm }) => {
  using vm = kvm.createVm();
  const good = { slot: 0, gpa: 0, size: 0x1000 };
  for (
    const bad of [{ gpa: 1 }, { gpa: -0x1000 }, { size: 0 }, { size: 1 }, { slot: -1 }, {
      slot: 2 ** 32,
    }]
  ) {
    assertThrows(() => vm.memory.add({ ...good, ...bad }), RangeError);
  }
  vm.memory.add(good);
  assertThrows(() => vm.memory.add(good), RangeError, "it exists");
});

kvmTest("add() names slot, size and address when the kernel refuses", ({ kvm }) => {
  using vm = kvm.createVm();
  const bad = { slot: 0xffff, gpa: GPA, size: 0x1000 };
  const error = assertThrows(() => vm.memory.add(bad), KvmError);
  assertEquals(error.errnoName, "EINVAL");
  assertEquals(error.message.split(": ").at(-1), "slot 65535, 4096 bytes at GPA 0x10000000");
});
