import { assertEquals } from "@std/assert";
import { expectRefusal, type RawSlot } from "./refusals.ts";

const NEW = { bitmapFirst: false };
const OLD = { bitmapFirst: true };
const GOOD: RawSlot = { flags: 3, nmsrs: 1, base: 0, place: "readable", seed: 0 };

function refusal(slots: readonly Partial<RawSlot>[], flags = 0, order = NEW): string {
  return expectRefusal(
    { name: "X86_SET_MSR_FILTER", flags, slots: slots.map((slot) => ({ ...GOOD, ...slot })) },
    order,
  ) ?? "none";
}

Deno.test("expectRefusal() accepts what is right, and a default of deny only with a range", () => {
  assertEquals(refusal([]), "none");
  assertEquals(refusal([{}, { nmsrs: 0x3000 }], 1), "none");
  assertEquals(refusal([{ nmsrs: 0 }], 1), "EINVAL");
});

Deno.test("expectRefusal() looks at no empty slot, and at the others in their order", () => {
  assertEquals(refusal([{ nmsrs: 0, flags: 0xff, place: "null" }]), "none");
  assertEquals(refusal([{ place: "cut" }, { flags: 4 }]), "EFAULT");
  assertEquals(refusal([{ flags: 4 }, { place: "cut" }]), "EINVAL");
});

Deno.test("expectRefusal() refuses each wrong field", () => {
  assertEquals(refusal([], 2), "EINVAL");
  assertEquals(refusal([{ flags: 0 }]), "EINVAL");
  assertEquals(refusal([{ nmsrs: 0x3001 }]), "EINVAL");
  assertEquals(refusal([{ nmsrs: 0xffff_ffff, place: "null" }]), "EINVAL");
  for (const place of ["null", "unmapped", "kernel", "cut"] as const) {
    assertEquals(refusal([{ place }]), "EFAULT");
  }
});

Deno.test("expectRefusal() prefers the flags, or the bitmap on kernels that read it first", () => {
  assertEquals(refusal([{ flags: 4, place: "null" }]), "EINVAL");
  assertEquals(refusal([{ flags: 4, place: "null" }], 0, OLD), "EFAULT");
});

Deno.test("expectRefusal() refuses unknown reasons and any flag of ENABLE_CAP", () => {
  const refusal = (flags: number, ...args: bigint[]): string =>
    expectRefusal({ name: "ENABLE_CAP", flags, args }, NEW) ?? "none";
  assertEquals(refusal(0, 7n, 99n), "none");
  assertEquals(refusal(1, 7n), "EINVAL");
  assertEquals(refusal(0, 8n), "EINVAL");
  assertEquals(refusal(0, 1n << 32n), "EINVAL");
});

Deno.test("expectRefusal() refuses an argument that cannot be read before it looks at it", () => {
  const call = { name: "ENABLE_CAP", flags: 1, args: [7n] } as const;
  const refusals = (["null", "unmapped", "kernel", "cut", "end", "readable"] as const)
    .map((argument) => expectRefusal({ ...call, argument, padding: 1 }, NEW));
  assertEquals(refusals, ["EFAULT", "EFAULT", "EFAULT", "EFAULT", "EINVAL", "EINVAL"]);
});
