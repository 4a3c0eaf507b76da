import { assertEquals } from "@std/assert";
import { SEGMENT } from "../boot/descriptors.ts";
import { formatVmcsField, VMCS } from "./vmcs.ts";
import { accessRights } from "./vmx_state.ts";

Deno.test("formatVmcsField() names a field, or gives its number", () => {
  assertEquals(formatVmcsField(0x681e), "GUEST_RIP (0x681e)");
  assertEquals(formatVmcsField(0x7777), "0x7777");
});

// Bits 14:13 of an encoding are the width, bits 11:10 the kind (SDM volume 3, section 25.11.2).
Deno.test("VMCS encodings say the width and the kind that the names imply", () => {
  const encodings = Object.values(VMCS);
  assertEquals(new Set(encodings).size, encodings.length);
  for (const [name, encoding] of Object.entries(VMCS)) {
    const kind = encoding >> 10 & 3;
    if (name.startsWith("GUEST_")) assertEquals(kind, 2, name);
    if (name.startsWith("HOST_")) assertEquals(kind, 3, name);
    const width = encoding >> 13 & 3;
    if (name.endsWith("_SELECTOR")) assertEquals(width, 0, name);
    if (/_LIMIT$|_RIGHTS$|_COUNT$|_CONTROLS$/.test(name)) assertEquals(width, 2, name);
    if (/_BASE$|_R[IS]P$|_CR\d$/.test(name)) assertEquals(width, 3, name);
  }
});

Deno.test("accessRights() packs a segment, and marks an unusable one", () => {
  assertEquals(accessRights(SEGMENT.code64), 0xa09bn);
  assertEquals(accessRights(SEGMENT.data), 0xc093n);
  assertEquals(accessRights({ ...SEGMENT.data, unusable: 1 }), 0x1_0000n);
});
