import { assert, assertEquals, assertThrows } from "@std/assert";
import { ERRNO } from "../abi/errno.ts";
import { closeFd, ioctl, ioctlNoArgument, openFd, preadFd } from "./fd.ts";
import { cString, libc } from "./libc.ts";

/** `FIONREAD`: how many bytes can be read, into an int. */
const FIONREAD = 0x541b;

Deno.test("openFd() gives the negated errno", () => {
  assertEquals(openFd("/proc/self/no-such-file", 0), -ERRNO.ENOENT);
  assertEquals(openFd("/dev/null/kvm", 0), -ERRNO.ENOTDIR);
  assertEquals(openFd("/proc", 2), -ERRNO.EISDIR);
});

Deno.test("openFd() refuses a path with a NUL, which C would cut", () => {
  assertThrows(() => openFd("/dev/null\0/x", 0), TypeError, "NUL");
});

Deno.test("ioctl() hands over the address of the bytes of a view", () => {
  const fd = libc().memfd_create(cString("trapline"), 1);
  libc().ftruncate(fd, 0x1234n);
  const bytes = new Uint8Array(12);
  assertEquals(ioctl(fd, FIONREAD, bytes.subarray(4, 8)), 0);
  closeFd(fd);
  assertEquals([...bytes], [0, 0, 0, 0, 0x34, 0x12, 0, 0, 0, 0, 0, 0]);
});

Deno.test("ioctl() gives the errno of its own call, not of one before", () => {
  const fd = openFd("/dev/null", 2);
  try {
    for (let i = 0; i < 1000; i++) {
      assertEquals(ioctl(fd, 0xae00), -ERRNO.ENOTTY);
      assertEquals(ioctl(-1, 0xae00), -ERRNO.EBADF);
      assertEquals(openFd("/proc/self/no-such-file", 0), -ERRNO.ENOENT);
    }
  } finally {
    closeFd(fd);
  }
});

Deno.test("ioctl() takes addresses over 2^53 and negative numbers as 64 bits", () => {
  assertEquals(ioctl(-2, 0xae00, 0xffff_ffff_ffff_ffffn), -ERRNO.EBADF);
  assertEquals(ioctl(-2, 0xae00, -1), -ERRNO.EBADF);
});

Deno.test("ioctlNoArgument() gives the negated errno", () => {
  assertEquals(ioctlNoArgument(-2, 0xae80), -ERRNO.EBADF);
});

Deno.test("preadFd() reads at an offset and gives the negated errno", () => {
  const fd = openFd("/proc/self/cmdline", 0);
  const buffer = new Uint8Array(4);
  try {
    const head = new Uint8Array(8);
    assertEquals(preadFd(fd, head, 0), 8);
    assertEquals(preadFd(fd, buffer, 4), 4);
    assertEquals(buffer, head.slice(4));
  } finally {
    closeFd(fd);
  }
  assertEquals(preadFd(-2, buffer, 0), -ERRNO.EBADF);
});

Deno.test("closeFd() frees the number, and a bad one does no harm", () => {
  const fd = openFd("/dev/null", 0);
  assert(fd >= 0);
  closeFd(fd);
  assertEquals(ioctl(fd, 0xae00), -ERRNO.EBADF);
  closeFd(-2);
});
