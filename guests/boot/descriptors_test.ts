import { assertEquals } from "@std/assert";
import { GDT_SIZE, SEGMENT, SELECTOR, taskRegister, writeGdt } from "./descriptors.ts";

function gdt(base: number): DataView {
  const view = new DataView(new ArrayBuffer(GDT_SIZE));
  writeGdt(view, base);
  return view;
}

Deno.test("writeGdt() encodes the descriptors that the manuals show for flat segments", () => {
  const view = gdt(0);
  const entry = (selector: number): string => view.getBigUint64(selector, true).toString(16);
  assertEquals(entry(0), "0");
  assertEquals(entry(SELECTOR.code64), "af9b000000ffff");
  assertEquals(entry(SELECTOR.data), "cf93000000ffff");
  assertEquals(entry(SELECTOR.code32), "cf9b000000ffff");
  assertEquals(entry(SELECTOR.userCode32), "cffb000000ffff");
  assertEquals(entry(SELECTOR.userData), "cff3000000ffff");
  assertEquals(entry(SELECTOR.userCode64), "affb000000ffff");
});

Deno.test("writeGdt() spreads the base of the TSS over its descriptor", () => {
  const view = gdt(0x1234_0000);
  // Base 0x12341100, limit 0x67, present busy TSS.
  assertEquals(view.getBigUint64(SELECTOR.tss, true), 0x1200_8b34_1100_0067n);
  assertEquals(view.getBigUint64(SELECTOR.tss + 8, true), 0n);
});

Deno.test("SELECTOR has the order that SYSRET wants", () => {
  assertEquals(SELECTOR.userData, SELECTOR.userCode32 + 8);
  assertEquals(SELECTOR.userCode64, SELECTOR.userCode32 + 16);
});

Deno.test("SEGMENT carries the privilege in selector and descriptor", () => {
  for (const [name, segment] of Object.entries(SEGMENT)) {
    const ring = name.startsWith("user") ? 3 : 0;
    assertEquals([segment.selector & 3, segment.dpl], [ring, ring], name);
    assertEquals([segment.present, segment.s, segment.unusable], [1, 1, 0], name);
  }
});

Deno.test("taskRegister() is a busy TSS that lies in its window", () => {
  const { base, limit, type, s } = taskRegister(0x20_0000);
  assertEquals([base, limit, type, s], [0x20_1100n, 0x67, 0xb, 0]);
});
