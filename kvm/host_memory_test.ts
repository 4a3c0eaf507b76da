import { assert, assertEquals, assertThrows } from "@std/assert";
import { takeCensus } from "./census.ts";
import { ClosedError, SystemError } from "./errors.ts";
import { HostMemory } from "./host_memory.ts";

Deno.test("allocate() rounds up to whole pages of zeroes", () => {
  using one = HostMemory.allocate(1);
  using two = HostMemory.allocate(4097);
  assertEquals([one.bytes.length, two.bytes.length], [4096, 8192]);
  assert(two.bytes.every((byte) => byte === 0));
});

Deno.test("bytes are what lies at the address", () => {
  using memory = HostMemory.allocate(1);
  memory.bytes[4095] = 0x5a;
  const pointer = Deno.UnsafePointer.create(memory.end - 1n);
  assertEquals(new Deno.UnsafePointerView(pointer!).getUint8(), 0x5a);
  assertEquals(memory.end, memory.address + 4096n);
});

Deno.test("allocate() refuses a size that is no positive integer", () => {
  for (const size of [0, -1, 1.5, NaN, 2 ** 53]) {
    assertThrows(() => HostMemory.allocate(size), RangeError, `Cannot allocate ${size} bytes`);
  }
});

Deno.test("allocate() leaves nothing behind when the kernel has no room", () => {
  const before = takeCensus();
  assertThrows(() => HostMemory.allocate(2 ** 52), SystemError, "ENOMEM");
  assertEquals(takeCensus(), before);
});

Deno.test("close() gives the pages back, twice, and forgets the address", () => {
  const before = takeCensus();
  const memory = HostMemory.allocate(1);
  const { bytes } = memory;
  assert(takeCensus().mappings > before.mappings);
  memory.close();
  memory[Symbol.dispose]();
  assertEquals([takeCensus(), bytes.length], [before, 0]);
  assertThrows(() => memory.address, ClosedError, "Cannot use the address: the host memory is");
});
