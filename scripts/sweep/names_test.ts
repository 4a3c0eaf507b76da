import { assertEquals } from "@std/assert";
import { msrName } from "./names.ts";

Deno.test("msrName() names single MSRs, and members of families by their number", () => {
  assertEquals(msrName(0x174), "IA32_SYSENTER_CS");
  assertEquals(msrName(0x207), "IA32_MTRR_PHYSMASK3");
  assertEquals(msrName(0x26f), "IA32_MTRR_FIX4K_F8000");
  assertEquals(msrName(0x40e), "IA32_MC3_ADDR");
  assertEquals(msrName(0x6a7), "IA32_PL3_SSP");
  assertEquals(msrName(0x822), "X2APIC_IRR2");
  assertEquals(msrName(0x830), "X2APIC_ICR");
  assertEquals(msrName(0x4000_00b3), "HV_X64_MSR_STIMER1_COUNT");
  assertEquals(msrName(0xc001_0203), "F15H_PERF_CTR1");
  assertEquals(msrName(0x2000), undefined);
});
