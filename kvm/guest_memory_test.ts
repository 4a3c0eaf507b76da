import { assertEquals, assertThrows } from "@std/assert";
import { ClosedError, KvmError } from "./errors.ts";
import { GuestMemory, type MemorySlot } from "./guest_memory.ts";
import { takeCensus } from "./census.ts";

type Call = readonly [slot: number, gpa: number, size: number, readonly: boolean];

/** A guest's memory over a kernel that notes its calls and refuses the ones in `refused`. */
function makeMemory(refused: readonly number[] = []): { memory: GuestMemory; calls: Call[] } {
  const calls: Call[] = [];
  const memory = new GuestMemory(({ slot, gpa, size, readonly }) => {
    calls.push([slot, gpa, size, readonly]);
    if (refused.includes(calls.length)) throw new KvmError("KVM_SET_USER_MEMORY_REGION", 17);
  });
  return { memory, calls };
}

const SLOT = { slot: 3, gpa: 0x10000, size: 0x2000 };

Deno.test("add() hands the slot to the kernel and lists it", () => {
  const { memory, calls } = makeMemory();
  memory.add(SLOT);
  memory.add({ slot: 0, gpa: 0, size: 0x1000, readonly: true });
  assertEquals(calls, [[3, 0x10000, 0x2000, false], [0, 0, 0x1000, true]]);
  assertEquals(memory.slots, [
    { slot: 3, gpa: 0x10000, size: 0x2000, readonly: false },
    { slot: 0, gpa: 0, size: 0x1000, readonly: true },
  ]);
  memory.close();
});

Deno.test("add() refuses what is no slot before the kernel sees it", () => {
  const { memory, calls } = makeMemory();
  const bad: [Partial<MemorySlot>, string][] = [
    [{ gpa: 0x10001 }, "address 65537 is no multiple of 4096"],
    [{ gpa: -4096 }, "address -4096"],
    [{ gpa: NaN }, "address NaN"],
    [{ gpa: 2 ** 60 }, "address 1152921504606847000"],
    [{ size: 0x800 }, "size 2048 is no multiple of 4096"],
    [{ size: -4096 }, "size -4096"],
    [{ size: 0 }, "its size is 0"],
    [{ slot: -1 }, "slot -1: a slot number has 32 bits"],
    [{ slot: 0.5 }, "slot 0.5"],
    [{ slot: 2 ** 32 + 3 }, "slot 4294967299"],
  ];
  for (const [wrong, message] of bad) {
    assertThrows(() => memory.add({ ...SLOT, ...wrong }), RangeError, message);
  }
  memory.add(SLOT);
  assertThrows(() => memory.add({ ...SLOT, gpa: 0x20000 }), RangeError, "slot 3: it exists");
  assertEquals(calls.length, 1);
  memory.close();
});

Deno.test("add() gives the memory back when the kernel refuses the slot", () => {
  const before = takeCensus();
  const { memory } = makeMemory([1]);
  assertThrows(() => memory.add(SLOT), KvmError, "EEXIST");
  assertEquals([takeCensus(), memory.slots], [before, []]);
});

Deno.test("read() and write() work across the whole of a slot and no further", () => {
  const { memory } = makeMemory();
  memory.add(SLOT);
  memory.write(0x11ffe, Uint8Array.of(1, 2));
  assertEquals([...memory.read(0x11ffd, 3)], [0, 1, 2]);
  assertEquals(memory.read(0x12000, 0).length, 0);
  for (const [gpa, length] of [[0x11ffe, 3], [0xffff, 1], [0x12000, 1], [0, 0x20000]] as const) {
    assertThrows(() => memory.read(gpa, length), RangeError, "the memory is 0x10000..0x12000");
  }
  assertThrows(() => memory.write(0x11fff, Uint8Array.of(9, 9)), RangeError);
  assertEquals(memory.read(0x11fff, 1)[0], 2);
  memory.close();
});

Deno.test("read() refuses an address or length that is no whole number", () => {
  const { memory } = makeMemory();
  assertThrows(() => memory.read(0, 1), RangeError, "the VM has no memory");
  memory.add(SLOT);
  for (const [gpa, length] of [[65536.5, 1], [-1, 1], [0x10000, -1], [NaN, 1], [0, 2 ** 53]]) {
    assertThrows(() => memory.read(gpa!, length!), RangeError, "not whole numbers");
  }
  memory.close();
});

Deno.test("read() does not join two slots that touch", () => {
  const { memory } = makeMemory();
  memory.add({ slot: 0, gpa: 0, size: 0x1000 });
  memory.add({ slot: 1, gpa: 0x1000, size: 0x1000 });
  assertThrows(() => memory.read(0xfff, 2), RangeError, "0x0..0x1000, 0x1000..0x2000");
  memory.close();
});

Deno.test("bytes() and view() are the memory itself, read() a copy", () => {
  const { memory } = makeMemory();
  memory.add(SLOT);
  const [bytes, view, copy] = [
    memory.bytes(0x10010, 4),
    memory.view(0x10010, 4),
    memory.read(0x10010, 4),
  ];
  memory.write(0x10010, Uint8Array.of(0x78, 0x56, 0x34, 0x12));
  assertEquals([bytes[0], view.getUint32(0, true), copy[0]], [0x78, 0x12345678, 0]);
  memory.close();
});

Deno.test("replace() removes the slot, adds the new one and keeps the contents", () => {
  const { memory, calls } = makeMemory();
  memory.add(SLOT);
  memory.write(0x10000, Uint8Array.of(7));
  memory.replace(3, { gpa: 0x40000, readonly: true });
  assertEquals(calls.slice(1), [[3, 0x10000, 0, false], [3, 0x40000, 0x2000, true]]);
  assertEquals(memory.read(0x40000, 1)[0], 7);
  assertThrows(() => memory.read(0x10000, 1), RangeError);
  memory.close();
});

Deno.test("replace() puts the old slot back when the kernel refuses the new one", () => {
  const { memory, calls } = makeMemory([3]);
  memory.add(SLOT);
  assertThrows(() => memory.replace(3, { gpa: 0x40000 }), KvmError);
  assertEquals(calls.at(-1), [3, 0x10000, 0x2000, false]);
  assertEquals(memory.slots[0]!.gpa, 0x10000);
  assertThrows(() => memory.replace(3, { gpa: 1 }), RangeError);
  assertThrows(() => memory.replace(4, {}), RangeError, "Cannot replace memory slot 4: none");
  assertEquals(calls.length, 4);
  memory.close();
});

Deno.test("remove() tells the kernel first and gives the memory back", () => {
  const before = takeCensus();
  const { memory, calls } = makeMemory();
  memory.add(SLOT);
  const bytes = memory.bytes(0x10000, 8);
  memory.remove(3);
  assertEquals([calls.at(-1), memory.slots, bytes.length], [[3, 0x10000, 0, false], [], 0]);
  assertEquals(takeCensus(), before);
  assertThrows(() => memory.remove(3), RangeError, "Cannot remove memory slot 3: none");
});

Deno.test("close() gives all memory back, twice, and every access throws after it", () => {
  const before = takeCensus();
  const { memory } = makeMemory();
  memory.add(SLOT);
  memory.close();
  memory.close();
  assertEquals([takeCensus(), memory.slots], [before, []]);
  assertThrows(() => memory.read(0x10000, 1), ClosedError, "the VM is closed");
});
