import { assertEquals, assertThrows } from "@std/assert";
import { assemble, disassemble } from "./asm/mod.ts";
import { guest } from "./programs.ts";

function listing(source: ReturnType<typeof guest.rdmsr>): string[] {
  const { bytes, bitness } = assemble(source, { base: 0x1000, symbols: { finish: 0x1100 } });
  return disassemble(bytes, { bitness, ip: 0x1000 }).map(({ text }) => text);
}

Deno.test("guest.rdmsr() reads one MSR over registers of all ones", () => {
  assertEquals(listing(guest.rdmsr(0xc000_0080)), [
    "mov ecx, 0xc0000080",
    "mov rax, 0xffffffffffffffff",
    "mov rdx, 0xffffffffffffffff",
    "rdmsr",
    "jmp 0x1100",
  ]);
});

Deno.test("guest.wrmsr() writes both halves of a value", () => {
  assertEquals(listing(guest.wrmsr(0x174, 0x1122_3344_5566_7788n)), [
    "mov ecx, 0x174",
    "mov eax, 0x55667788",
    "mov edx, 0x11223344",
    "wrmsr",
    "jmp 0x1100",
  ]);
});

Deno.test("guest programs are written for each bitness", () => {
  for (const bitness of [16, 32, 64] as const) {
    assertEquals(guest.rdmsr(1, { bitness }).bitness, bitness);
    assertEquals(guest.wrmsr(1, 2n, { bitness }).bitness, bitness);
    assertEquals(listing(guest.rdmsr(1, { bitness })).includes("rdmsr"), true);
  }
});

Deno.test("guest programs put the emulation prefix right before the instruction", () => {
  const options = { forcedEmulation: true };
  for (
    const [source, label] of [[guest.rdmsr(1, options), "rdmsr"], [
      guest.wrmsr(1, 0n, options),
      "wrmsr",
    ]] as const
  ) {
    const code = assemble(source, { base: 0x1000, symbols: { finish: 0x1100 } });
    const at = code.symbol(label) - code.base;
    assertEquals(code.bytes.subarray(at - 5, at).toHex(), "0f0b6b766d");
    assertEquals(code.symbol("after"), code.symbol(label) + 2);
  }
});

Deno.test("guest programs refuse an index of over 32 and a value of over 64 bits", () => {
  for (const index of [-1, 2 ** 32, 0.5, NaN]) {
    assertThrows(() => guest.rdmsr(index), RangeError, `MSR ${index}: an index has 32 bits`);
    assertThrows(() => guest.wrmsr(index, 0n), RangeError);
  }
  for (const value of [-1n, 2n ** 64n]) {
    assertThrows(() => guest.wrmsr(1, value), RangeError, `${value}: an MSR has 64 bits`);
  }
});
