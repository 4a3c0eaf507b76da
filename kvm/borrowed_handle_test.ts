import { assertEquals, assertThrows } from "@std/assert";
import { BorrowedHandle } from "./borrowed_handle.ts";
import { ClosedError } from "./errors.ts";
import { closeFd, openFd } from "./sys/fd.ts";
import { readLink } from "./sys/proc.ts";

Deno.test("BorrowedHandle.raw() calls the descriptor that has the number", () => {
  const fd = openFd("/dev/null", 2);
  using handle = new BorrowedHandle(fd);
  assertEquals(handle.raw(0xae00), { result: -1, errno: 25 });
  closeFd(fd);
  assertEquals(handle.raw(0xae00), { result: -1, errno: 9 });
});

Deno.test("BorrowedHandle.close() leaves the descriptor open", () => {
  const fd = openFd("/dev/null", 2);
  const handle = new BorrowedHandle(fd);
  handle.close();
  assertThrows(() => handle.raw(0xae00), ClosedError, "the borrowed descriptor is closed");
  assertEquals(readLink(`/proc/self/fd/${fd}`), "/dev/null");
  closeFd(fd);
});
