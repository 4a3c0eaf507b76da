import { assertEquals } from "@std/assert";
import { SystemError } from "./system_error.ts";

Deno.test("SystemError() names the call, the errno and the detail", () => {
  const error = new SystemError("mmap", 22, "8 bytes");
  assertEquals(error.message, "mmap failed: EINVAL (22): 8 bytes");
  assertEquals([error.call, error.errno, error.errnoName], ["mmap", 22, "EINVAL"]);
});

Deno.test("SystemError() keeps the number of an errno without a name", () => {
  assertEquals(new SystemError("read", 9999).message, "read failed: errno 9999 (9999)");
});
