import { assertEquals } from "@std/assert";
import { disassemble } from "./disassemble.ts";
import type { Bitness } from "./source.ts";

function texts(bitness: Bitness, ...bytes: number[]): string[] {
  return disassemble(new Uint8Array(bytes), { bitness, ip: 0x1000 }).map(({ text }) => text);
}

Deno.test("disassemble() gives each instruction its address and bytes", () => {
  const lines = disassemble(new Uint8Array([0x0f, 0x32, 0xf4]), { bitness: 64, ip: 0x1000n });
  assertEquals(lines, [
    { address: 0x1000n, bytes: new Uint8Array([0x0f, 0x32]), text: "rdmsr", target: undefined },
    { address: 0x1002n, bytes: new Uint8Array([0xf4]), text: "hlt", target: undefined },
  ]);
});

Deno.test("disassemble() reads the same bytes by the bitness", () => {
  assertEquals(texts(16, 0xb8, 0x34, 0x12), ["mov ax, 0x1234"]);
  assertEquals(texts(32, 0x40), ["inc eax"]);
  assertEquals(texts(64, 0x48, 0xff, 0xc0), ["inc rax"]);
});

Deno.test("disassemble() writes numbers and memory as the assembler reads them", () => {
  assertEquals(texts(64, 0xc7, 0x44, 0x8b, 0xf8, 0xff, 0, 0, 0), ["mov dword [rbx+rcx*4-8], 0xff"]);
  assertEquals(texts(64, 0x65, 0x8b, 0x04, 0x25, 0x10, 0, 0, 0), ["mov eax, [gs:0x10]"]);
  assertEquals(texts(16, 0xea, 0x34, 0x12, 0x08, 0x00), ["jmp 8:0x1234"]);
});

Deno.test("disassemble() says where branches and RIP-relative operands lead", () => {
  const bytes = new Uint8Array([0xeb, 0xfe, 0x48, 0x8b, 0x05, 0x10, 0x00, 0x00, 0x00]);
  const lines = disassemble(bytes, { bitness: 64, ip: 0x1000 });
  assertEquals(lines.map(({ text }) => text), ["jmp 0x1000", "mov rax, [rel 0x1019]"]);
  assertEquals(lines.map(({ target }) => target), [0x1000n, 0x1019n]);
});

Deno.test("disassemble() marks what does not decode, cut off bytes included", () => {
  assertEquals(texts(64, 0x06, 0xf4, 0x0f), ["(bad)", "hlt", "(bad)"]);
});

Deno.test("disassemble() takes addresses in the upper half", () => {
  const [line] = disassemble(new Uint8Array([0xeb, 0xfe]), {
    bitness: 64,
    ip: 0xffff_ffff_8000_0000n,
  });
  assertEquals(line?.address, 0xffff_ffff_8000_0000n);
  assertEquals(line?.text, "jmp 0xffffffff80000000");
});
