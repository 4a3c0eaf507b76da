import { assertEquals, assertThrows } from "@std/assert";
import { addressOf, cString, errno, libc } from "./libc.ts";

Deno.test("libc() opens the library once", () => {
  assertEquals(libc() === libc(), true);
});

Deno.test("errno() is that of the call before it", () => {
  libc().close(-1);
  assertEquals(errno(), 9);
  libc().access(cString("/proc/self/no-such-file"), 0);
  assertEquals(errno(), 2);
});

Deno.test("cString() ends in a NUL and refuses one inside", () => {
  assertEquals(cString("kvm\u00e9"), Uint8Array.of(0x6b, 0x76, 0x6d, 0xc3, 0xa9, 0));
  assertThrows(() => cString("a\0b"), TypeError, "NUL");
});

Deno.test("addressOf() is where the kernel finds the bytes", () => {
  const buffer = new ArrayBuffer(16);
  new Uint8Array(buffer).fill(0x2a);
  const pointer = Deno.UnsafePointer.create(addressOf(buffer));
  assertEquals(new Deno.UnsafePointerView(pointer!).getUint8(15), 0x2a);
});
