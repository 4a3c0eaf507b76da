import { assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { GuestMemory } from "../kvm/guest_memory.ts";
import { asm16, asm32, asm64 } from "./asm/mod.ts";
import { stubLabel, stubs } from "./boot/stubs.ts";
import { withForcedEmulation } from "./forced_emulation.ts";
import { assembleProgram, writeProgram } from "./load.ts";
import { LAYOUT, WINDOW_SIZE } from "./protocol.ts";

/** Where the 64-bit gate of `vector` leads. */
function gateTarget(memory: GuestMemory, vector: number): number {
  const gate = memory.view(LAYOUT.idt + 16 * vector, 8).getBigUint64(0, true);
  return Number(gate & 0xffffn | (gate >> 48n) << 16n);
}

Deno.test("assembleProgram() knows finish and list, in the window that it is given", () => {
  const source = asm64`mov rsi, list
    jmp finish`;
  const [first, second] = [0, WINDOW_SIZE].map((base) => assembleProgram(source, "long", base));
  assertEquals([first!.base, second!.base], [LAYOUT.code, WINDOW_SIZE + LAYOUT.code]);
  assertEquals(first!.bytes.length, second!.bytes.length);
});

Deno.test("assembleProgram() assembles a source once for each window", () => {
  const source = asm64`jmp finish`;
  const first = assembleProgram(source, "long", 0);
  assertStrictEquals(assembleProgram(source, "long", 0), first);
  assertNotEquals(assembleProgram(source, "long", WINDOW_SIZE).base, first.base);
  assertEquals(assembleProgram(source, "long", 0).base, first.base);
});

Deno.test("assembleProgram() keeps apart what is assembled with forced emulation and without", () => {
  const source = asm64`access: rdmsr`;
  const load = (): ReturnType<typeof assembleProgram> => assembleProgram(source, "long", 0);
  const native = load();
  const forced = withForcedEmulation(load);
  assertEquals(native.bytes.toHex(), "0f32");
  assertEquals(forced.bytes.toHex(), "0f0b6b766d0f32");
  assertEquals([native, forced].map((code) => code.symbol("access")), [
    LAYOUT.code,
    LAYOUT.code + 5,
  ]);
  assertStrictEquals(load(), native);
  assertStrictEquals(withForcedEmulation(load), forced);
});

Deno.test("writeProgram() leads a vector to the prefix of a handler that starts with an access", () => {
  const memory = new GuestMemory(() => {});
  memory.add({ slot: 0, gpa: 0, size: WINDOW_SIZE });
  const source = asm64`
    vector_6: rdmsr
  `;
  const program = withForcedEmulation(() => assembleProgram(source, "long", 0));
  writeProgram(memory, "long", 0, program, program);
  assertEquals(gateTarget(memory, 6), LAYOUT.code);
  memory.close();
});

Deno.test("assembleProgram() refuses code for another mode", () => {
  assertThrows(() => assembleProgram(asm32`nop`, "long", 0), RangeError, "32-bit code");
  assertThrows(() => assembleProgram(asm64`nop`, "real", 0), RangeError, "in real mode");
  assertThrows(() => assembleProgram(asm16`nop`, "protected", 0), RangeError);
});

Deno.test("assembleProgram() refuses a program that is too long by a byte", () => {
  const full = `db "${"x".repeat(0x4000)}"`;
  const load = (text: string) => assembleProgram({ bitness: 64, text }, "long", 0);
  assertEquals(load(full).bytes.length, 0x4000);
  assertThrows(() => load(`${full}\nnop`), RangeError, "16385 bytes of code: 16 KiB fit");
});

Deno.test("writeProgram() leads own vectors to the program and the earlier ones back", () => {
  const memory = new GuestMemory(() => {});
  memory.add({ slot: 0, gpa: 0, size: WINDOW_SIZE });
  const program = (text: string) => assembleProgram({ bitness: 64, text }, "long", 0);
  const first = program("nop\nvector_6:\nvector_255: jmp finish\nvector_: nop\nvector_1x: nop");
  const second = program("vector_6: jmp finish");
  const stub = (vector: number): number => stubs("long", 0).symbol(stubLabel(vector));
  writeProgram(memory, "long", 0, first, first);
  assertEquals([6, 255, 1].map((vector) => gateTarget(memory, vector)), [
    LAYOUT.code + 1,
    LAYOUT.code + 1,
    0,
  ]);
  writeProgram(memory, "long", 0, second, first);
  assertEquals([6, 255].map((vector) => gateTarget(memory, vector)), [LAYOUT.code, stub(255)]);
  memory.close();
});

Deno.test("writeProgram() refuses a handler for a vector that is none, and writes nothing", () => {
  const memory = new GuestMemory(() => {});
  memory.add({ slot: 0, gpa: 0, size: WINDOW_SIZE });
  const program = assembleProgram(asm64`vector_256: jmp finish`, "long", 0);
  assertThrows(() => writeProgram(memory, "long", 0, program, program), RangeError, '"vector_256"');
  assertEquals(memory.read(LAYOUT.code, 1)[0], 0);
  memory.close();
});
