import { assertEquals } from "@std/assert";
import { KVM_RUN, KVM_SYNC_REGS } from "./kvm_run.ts";

function place(path: keyof typeof KVM_RUN.fields): [offset: number, size: number] {
  const { offset, size } = KVM_RUN.fields[path];
  return [offset, size];
}

Deno.test("KVM_RUN places the members that head every exit", () => {
  assertEquals(place("immediate_exit"), [1, 1]);
  assertEquals(place("exit_reason"), [8, 4]);
});

Deno.test("KVM_RUN places the members of an MSR exit", () => {
  assertEquals(place("msr.error"), [32, 1]);
  assertEquals(place("msr.reason"), [40, 4]);
  assertEquals(place("msr.index"), [44, 4]);
  assertEquals(place("msr.data"), [48, 8]);
});

Deno.test("KVM_RUN starts every union arm at byte 32 and keeps it within 256 bytes", () => {
  for (const [path, { offset, size }] of Object.entries(KVM_RUN.fields)) {
    if (!path.includes(".") || path.startsWith("s.")) continue;
    assertEquals(offset >= 32 && offset + size <= 32 + 256, true, path);
  }
});

Deno.test("KVM_RUN reads an MSR exit from the bytes of the shared page", () => {
  const page = new Uint8Array(KVM_RUN.size);
  page.set([29], 8);
  page.set(Uint8Array.fromHex("0400000074010000efbeaddecefaedfe"), 40);
  const run = KVM_RUN.read(new DataView(page.buffer));
  assertEquals(run.exit_reason, 29);
  assertEquals(run["msr.reason"], 4);
  assertEquals(run["msr.index"], 0x174);
  assertEquals(run["msr.data"], 0xfeed_face_dead_beefn);
});

Deno.test("KVM_RUN answers an MSR exit without touching the rest of the page", () => {
  const page = new Uint8Array(KVM_RUN.size).fill(0xff);
  KVM_RUN.write(new DataView(page.buffer), { "msr.error": 1 });
  assertEquals(page.findIndex((byte) => byte !== 0xff), 32);
  assertEquals(page.findLastIndex((byte) => byte !== 0xff), 32);
  assertEquals(page[32], 1);
});

Deno.test("KVM_SYNC_REGS fills the register area of KVM_RUN", () => {
  assertEquals(place("s.regs"), [304, KVM_SYNC_REGS.size]);
  const { regs, sregs, events } = KVM_SYNC_REGS.fields;
  assertEquals([regs.offset, sregs.offset, events.offset], [0, 144, 456]);
  assertEquals(events.offset + events.size, KVM_SYNC_REGS.size);
});
