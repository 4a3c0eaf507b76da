import { assertEquals } from "@std/assert";
import { dependsOf, moduleName, withoutSignature } from "./modules.ts";

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

Deno.test("withoutSignature() leaves the module itself, also of one without a signature", () => {
  const module = new TextEncoder().encode("ELF and so on");
  const signature = new Uint8Array(300).fill(7);
  const note = new Uint8Array(12);
  new DataView(note.buffer).setUint32(8, signature.length);
  const mark = new TextEncoder().encode("~Module signature appended~\n");
  const signed = new Uint8Array([...module, ...signature, ...note, ...mark]);
  for (const data of [signed, module, mark]) {
    assertEquals(withoutSignature(data), data === mark ? mark : module);
  }
});
