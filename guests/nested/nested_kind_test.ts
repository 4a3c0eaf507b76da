import { assertEquals } from "@std/assert";
import { nestedKind } from "./nested_kind.ts";

function cpuid(leaf: number, ecx: number): Parameters<typeof nestedKind>[0] {
  const entry = { function: leaf, index: 0, flags: 0, eax: 0, ebx: 0, ecx, edx: 0 };
  return { supportedCpuid: [entry] };
}

Deno.test("nestedKind() goes by the two bits of CPUID", () => {
  assertEquals(nestedKind(cpuid(0x8000_0001, 1 << 2)), "svm");
  assertEquals(nestedKind(cpuid(1, 1 << 5)), "vmx");
  assertEquals(nestedKind(cpuid(1, ~(1 << 5))), undefined);
  assertEquals(nestedKind(cpuid(0x8000_0001, 1 << 5)), undefined);
});
