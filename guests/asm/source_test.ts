import { assertEquals, assertThrows } from "@std/assert";
import { asm16, asm32, asm64 } from "./source.ts";

Deno.test("asm16(), asm32() and asm64() keep the text and name the bitness", () => {
  assertEquals(asm16`hlt`, { bitness: 16, text: "hlt" });
  assertEquals(asm32`hlt`, { bitness: 32, text: "hlt" });
  assertEquals(asm64`hlt`, { bitness: 64, text: "hlt" });
});

Deno.test("asm64() writes numbers as hexadecimal and pastes strings", () => {
  const source = asm64`mov ${"rax"}, ${255} ; ${-8} ${0xffff_ffff_ffff_ffffn}`;
  assertEquals(source.text, "mov rax, 0xff ; -0x8 0xffffffffffffffff");
});

Deno.test("asm64() pastes the text of another 64-bit source", () => {
  assertEquals(asm64`cli\n${asm64`hlt`}`.text, "cli\\nhlt");
});

Deno.test("asm64() keeps backslashes for the assembler", () => {
  assertEquals(asm64`db "\n"`.text, 'db "\\n"');
});

Deno.test("asm64() refuses a number that is no safe integer", () => {
  assertThrows(
    () => asm64`mov eax, ${1.5}`,
    RangeError,
    'Cannot write "1.5" into assembly: It is not a safe integer',
  );
  assertThrows(() => asm64`mov rax, ${2 ** 53}`, RangeError, '"9007199254740992"');
});

Deno.test("asm64() refuses to paste a source of another bitness", () => {
  assertThrows(
    () => asm64`${asm16`hlt`}`,
    TypeError,
    "Cannot paste 16-bit source into 64-bit source: Assemble it on its own",
  );
});
