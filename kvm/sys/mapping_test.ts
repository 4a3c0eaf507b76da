import { assert, assertEquals, assertThrows } from "@std/assert";
import { closeFd } from "./fd.ts";
import { cString, libc } from "./libc.ts";
import { Mapping, MEMORY_NAME, PAGE_SIZE } from "./mapping.ts";
import { readTextFile } from "./proc.ts";
import { SystemError } from "./system_error.ts";

/** The permissions and sizes of this process' mappings that hold `address`. */
function mappedAt(address: bigint): string | undefined {
  for (const line of readTextFile("/proc/self/maps").split("\n")) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line);
    if (match === null) continue;
    if (address >= BigInt(`0x${match[1]}`) && address < BigInt(`0x${match[2]}`)) return match[3];
  }
  return undefined;
}

function memoryMappings(): number {
  return readTextFile("/proc/self/maps").split(`/memfd:${MEMORY_NAME}`).length - 1;
}

Deno.test("memory() maps zeroed bytes that keep what is written", () => {
  using mapping = Mapping.memory(2 * PAGE_SIZE);
  const bytes = new Uint8Array(mapping.buffer);
  assertEquals(bytes.length, 2 * PAGE_SIZE);
  assert(bytes.every((byte) => byte === 0));
  bytes[PAGE_SIZE] = 7;
  assertEquals(new Uint8Array(mapping.buffer)[PAGE_SIZE], 7);
});

Deno.test("memory() maps at its address under a name of its own", () => {
  const before = memoryMappings();
  const mapping = Mapping.memory(PAGE_SIZE);
  assertEquals(mappedAt(mapping.address), "rw-s");
  assertEquals(memoryMappings(), before + 1);
  mapping.close();
  assertEquals(memoryMappings(), before);
});

Deno.test("memory() leaves nothing behind when the kernel has no room", () => {
  const before = memoryMappings();
  const error = assertThrows(() => Mapping.memory(2 ** 52), SystemError);
  assertEquals(error.errnoName, "ENOMEM");
  assertEquals(memoryMappings(), before);
});

Deno.test("ofFd() maps the file itself", () => {
  const fd = libc().memfd_create(cString(MEMORY_NAME), 1);
  libc().ftruncate(fd, BigInt(PAGE_SIZE));
  using one = Mapping.ofFd(fd, PAGE_SIZE);
  using other = Mapping.ofFd(fd, PAGE_SIZE);
  closeFd(fd);
  new Uint8Array(one.buffer)[9] = 0x5a;
  assertEquals(new Uint8Array(other.buffer)[9], 0x5a);
});

Deno.test("ofFd() names the call that a bad descriptor fails", () => {
  const error = assertThrows(() => Mapping.ofFd(-2, PAGE_SIZE), SystemError);
  assertEquals([error.call, error.errnoName], ["mmap", "EBADF"]);
});

Deno.test("guarded() rounds up to pages and puts a page behind that nobody can touch", () => {
  using mapping = Mapping.guarded(PAGE_SIZE + 1);
  assertEquals(mapping.buffer.byteLength, 2 * PAGE_SIZE);
  const end = mapping.address + BigInt(2 * PAGE_SIZE);
  assertEquals(mappedAt(end - 1n), "rw-s");
  assertEquals(mappedAt(end), "---s");
});

Deno.test("close() unmaps the guard with the rest", () => {
  const before = memoryMappings();
  const mapping = Mapping.guarded(PAGE_SIZE);
  mapping.close();
  assertEquals(memoryMappings(), before);
});

Deno.test("close() detaches every view before the pages go", () => {
  const mapping = Mapping.memory(PAGE_SIZE);
  const bytes = new Uint8Array(mapping.buffer);
  const view = new DataView(mapping.buffer);
  mapping.close();
  assert(mapping.closed);
  assertEquals([bytes.length, bytes[0]], [0, undefined]);
  assertThrows(() => view.getUint8(0), TypeError);
  assertThrows(() => bytes.set([1]), TypeError);
});

Deno.test("close() does nothing the second time", () => {
  const mapping = Mapping.memory(PAGE_SIZE);
  mapping.close();
  using next = Mapping.memory(PAGE_SIZE);
  mapping.close();
  assertEquals(mappedAt(next.address), "rw-s");
});

Deno.test("borrowed() shows the pages of another mapping and leaves them mapped", () => {
  using owner = Mapping.memory(PAGE_SIZE);
  const borrowed = Mapping.borrowed(owner.address, PAGE_SIZE);
  new Uint8Array(borrowed.buffer)[7] = 0x33;
  borrowed.close();
  assertEquals([borrowed.closed, borrowed.buffer.byteLength], [true, 0]);
  assertEquals(mappedAt(owner.address), "rw-s");
  assertEquals(new Uint8Array(owner.buffer)[7], 0x33);
  assertThrows(() => Mapping.borrowed(0n, PAGE_SIZE), TypeError, "its address is 0");
});
