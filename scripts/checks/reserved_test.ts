import { assertEquals } from "@std/assert";
import { reservedFaults } from "./reserved.ts";

Deno.test("reservedFaults() keeps FFI in its room", () => {
  const source = 'Deno.dlopen("libc.so.6", {})';
  assertEquals(reservedFaults("kvm/vm.ts", source), ["kvm/vm.ts: FFI belongs in kvm/sys/"]);
  assertEquals(reservedFaults("kvm/sys/libc.ts", source), []);
});

Deno.test("reservedFaults() keeps printing to the scripts", () => {
  const source = 'console.log("x")';
  assertEquals(reservedFaults("guests/a.ts", source), ["guests/a.ts: console belongs in scripts/"]);
  assertEquals(reservedFaults("scripts/a.ts", source), []);
});
