import { assertEquals } from "@std/assert";
import { formatMsr, Msr } from "./msr.ts";

Deno.test("Msr numbers the registers that both vendors' manuals list", () => {
  assertEquals(Msr.IA32_TSC, 0x10);
  assertEquals(Msr.IA32_APIC_BASE, 0x1b);
  assertEquals([Msr.IA32_SYSENTER_CS, Msr.IA32_SYSENTER_ESP, Msr.IA32_SYSENTER_EIP], [
    0x174,
    0x175,
    0x176,
  ]);
  assertEquals(Msr.IA32_PAT, 0x277);
  assertEquals([Msr.EFER, Msr.STAR, Msr.LSTAR, Msr.CSTAR, Msr.SYSCALL_MASK], [
    0xc0000080,
    0xc0000081,
    0xc0000082,
    0xc0000083,
    0xc0000084,
  ]);
  assertEquals([Msr.FS_BASE, Msr.GS_BASE, Msr.KERNEL_GS_BASE, Msr.TSC_AUX], [
    0xc0000100,
    0xc0000101,
    0xc0000102,
    0xc0000103,
  ]);
});

Deno.test("Msr gives no index two names", () => {
  const indices = Object.values(Msr);
  assertEquals(new Set<number>(indices).size, indices.length);
});

Deno.test("Msr keeps to indices of 32 bits without a sign", () => {
  for (const [name, index] of Object.entries(Msr)) assertEquals(index >>> 0, index, name);
});

Deno.test("formatMsr() names an MSR with its index", () => {
  assertEquals(formatMsr(0x174), "IA32_SYSENTER_CS (0x174)");
  assertEquals(formatMsr(0xc0000080), "EFER (0xc0000080)");
  assertEquals(formatMsr(0), "IA32_P5_MC_ADDR (0x0)");
});

Deno.test("formatMsr() keeps the index of an MSR it does not know", () => {
  assertEquals(formatMsr(0xdeadbeef), "0xdeadbeef");
});
