import { assertEquals } from "@std/assert";
import { SEGMENT } from "../boot/descriptors.ts";
import { VMCB, vmcbSegment, vmcbTable } from "./vmcb.ts";

Deno.test("vmcbSegment() packs the attributes of a segment into 12 bits", () => {
  assertEquals(vmcbSegment(SEGMENT.code64), {
    selector: 0x08,
    attrib: 0xa9b,
    limit: 0xffff_ffff,
    base: 0n,
  });
  assertEquals(vmcbSegment(SEGMENT.userData).attrib, 0xcf3);
});

Deno.test("vmcbTable() keeps base and limit alone", () => {
  assertEquals(vmcbTable({ base: 0x1000n, limit: 0x47 }), {
    selector: 0,
    attrib: 0,
    limit: 0x47,
    base: 0x1000n,
  });
});

Deno.test("VMCB has the state save area at 0x400", () => {
  const bytes = VMCB.encode({
    GUEST_ASID: 1,
    CS: { selector: 8, attrib: 0xa9b, limit: 0xffff_ffff, base: 0x1122n },
    RAX: 0x42n,
  });
  const view = new DataView(bytes.buffer);
  assertEquals(view.getUint32(0x58, true), 1);
  assertEquals(view.getBigUint64(0x410, true), 0xffff_ffff_0a9b_0008n);
  assertEquals(view.getBigUint64(0x418, true), 0x1122n);
  assertEquals(view.getUint8(0x5f8), 0x42);
});
