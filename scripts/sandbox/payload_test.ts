import { assertEquals } from "@std/assert";
import { parseLdd } from "./payload.ts";

Deno.test("parseLdd() takes libraries and the loader, and not the vDSO", () => {
  const text = `\tlinux-vdso.so.1 (0x00007fc7c065b000)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fc7ba53e000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007fc7c065d000)
`;
  assertEquals(parseLdd(text), [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib64/ld-linux-x86-64.so.2",
  ]);
});
