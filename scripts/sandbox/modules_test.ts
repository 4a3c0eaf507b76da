import { assertEquals } from "@std/assert";
import { dependsOf, moduleName } from "./modules.ts";

Deno.test("moduleName() is the kernel's, whatever the file's suffix", () => {
  for (const suffix of ["", ".xz", ".gz", ".zst"]) {
    assertEquals(moduleName(`kvm-amd.ko${suffix}`), "kvm_amd");
  }
});

Deno.test("dependsOf() reads the depends entry of .modinfo", () => {
  const module = (text: string): Uint8Array =>
    new TextEncoder().encode(`ELF\0license=GPL\0${text}\0name=x\0`);
  assertEquals(dependsOf(module("depends=kvm,irq-bypass")), ["kvm", "irq_bypass"]);
  assertEquals(dependsOf(module("depends=")), []);
  assertEquals(dependsOf(module("alias=pci")), []);
});
