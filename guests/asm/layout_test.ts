import { assertEquals, assertThrows } from "@std/assert";
import { layOut, type LayoutOptions } from "./layout.ts";
import { parseStatements } from "./statement.ts";

const OPTIONS: LayoutOptions = { bitness: 64, base: 0x1000n, externals: new Map() };

/** Sizes of the statements that are no labels. */
function sizes(text: string, options: LayoutOptions = OPTIONS): number[] {
  return layOut(parseStatements(text), options)
    .filter(({ statement }) => statement.kind !== "label")
    .map(({ bytes }) => bytes.length);
}

function nops(count: number): string {
  return "nop\n".repeat(count);
}

Deno.test("layOut() gives a forward branch the short form up to its very reach", () => {
  assertEquals(sizes(`jmp end\n${nops(127)}end:`)[0], 2);
  assertEquals(sizes(`jmp end\n${nops(128)}end:`)[0], 5);
  assertEquals(sizes(`jz end\n${nops(128)}end:`)[0], 6);
});

Deno.test("layOut() gives a backward branch the short form up to its very reach", () => {
  assertEquals(sizes(`top:\n${nops(126)}jmp top`).at(-1), 2);
  assertEquals(sizes(`top:\n${nops(127)}jmp top`).at(-1), 5);
});

Deno.test("layOut() lets one branch that grows push another out of reach", () => {
  const text = `jmp far_away\njmp near_by\n${nops(120)}jmp far_away\nnear_by:\n${
    nops(200)
  }far_away:`;
  assertEquals(sizes(text).filter((size) => size > 1), [5, 2, 5]);
  const longer = text.replace("nop", "nop\nnop\nnop");
  assertEquals(sizes(longer).filter((size) => size > 1), [5, 2, 5]);
  assertEquals(sizes(longer.replace("nop", "nop\nnop")).filter((size) => size > 1), [5, 5, 5]);
});

Deno.test("layOut() addresses every statement by the sizes before it", () => {
  const placed = layOut(parseStatements("a: jmp b\ndb 1, 2, 3\nb: hlt"), OPTIONS);
  assertEquals(placed.map(({ address }) => address), [0x1000n, 0x1000n, 0x1002n, 0x1005n, 0x1005n]);
});

Deno.test("layOut() widens an immediate as far as its label moves", () => {
  const text = `push end\n${nops(200)}end:`;
  assertEquals(sizes(text, { ...OPTIONS, base: 0n })[0], 5);
  assertEquals(sizes("push end\nend:", { ...OPTIONS, base: 0n })[0], 2);
});

Deno.test("layOut() settles where alignment swallows what a branch grows", () => {
  const text = `jmp end\nalign 16\n${nops(120)}align 16\nend: hlt`;
  const placed = layOut(parseStatements(text), OPTIONS);
  assertEquals(placed.at(-1)?.address, 0x1090n);
  assertEquals([...placed[0]?.bytes ?? []], [0xe9, 0x8b, 0x00, 0x00, 0x00]);
});

Deno.test("layOut() settles although one branch grows where another shrinks", () => {
  // The second branch is out of reach while the first is short; once it is long, the first grows,
  // and, the alignment staying where it is, brings the second within reach again.
  const text = `jmp first\n${nops(11)}jmp second\n${nops(114)}first:\nnop\nalign 16\nsecond:`;
  const placed = sizes(text, { ...OPTIONS, base: 0n });
  assertEquals([placed[0], placed[12]], [5, 5]);
});

Deno.test("layOut() gives a label in an address the full width wherever it is", () => {
  assertEquals(sizes("mov rax, [rbx + end]\nend:", { ...OPTIONS, base: 0n }), [7]);
});

Deno.test("layOut() reports the first statement that fits nowhere", () => {
  assertThrows(() => sizes(`loop end\ndb end\n${nops(128)}end:`), SyntaxError, "line 1");
});
