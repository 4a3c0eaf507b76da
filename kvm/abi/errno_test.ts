import { assertEquals } from "@std/assert";
import { ERRNO, errnoName } from "./errno.ts";

Deno.test("ERRNO numbers the refusals of KVM", () => {
  const { EPERM, EINTR, E2BIG, EBADF, EAGAIN, ENOMEM, EFAULT, EBUSY, EINVAL, ENOTTY } = ERRNO;
  assertEquals(
    [EPERM, EINTR, E2BIG, EBADF, EAGAIN, ENOMEM, EFAULT, EBUSY, EINVAL, ENOTTY],
    [1, 4, 7, 9, 11, 12, 14, 16, 22, 25],
  );
});

Deno.test("ERRNO gives no number two names", () => {
  const numbers = Object.values(ERRNO);
  assertEquals(new Set<number>(numbers).size, numbers.length);
});

Deno.test("errnoName() names every number of ERRNO", () => {
  for (const [name, number] of Object.entries(ERRNO)) assertEquals(errnoName(number), name);
});

Deno.test("errnoName() keeps a number it does not know", () => {
  assertEquals(errnoName(0), "errno 0");
  assertEquals(errnoName(41), "errno 41");
  assertEquals(errnoName(9999), "errno 9999");
});
