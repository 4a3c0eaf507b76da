import { assertEquals, assertRejects } from "@std/assert";
import { findProgram, ProgramError, shortened, textOf } from "./program.ts";

Deno.test("shortened() keeps the first lines and the last", () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
  assertEquals(shortened(lines.slice(0, 9).join("\n")).split("\n").length, 9);
  const short = shortened(lines.join("\n")).split("\n");
  assertEquals(short.length, 9);
  assertEquals([short[0], short[3], short[8]], ["line 0", "... 92 lines ...", "line 99"]);
});

Deno.test("textOf() gives what was printed, or says which program failed and what it said", async () => {
  assertEquals(await textOf("sh", ["-c", "echo yes"], { what: "ask" }), "yes\n");
  const error = await assertRejects(
    () => textOf("sh", ["-c", "echo no >&2; exit 3"], { what: "ask" }),
    ProgramError,
    "Cannot ask: sh ended with status 3:\nno",
  );
  assertEquals(error.code, 3);
});

Deno.test("findProgram() finds what is there and nothing else", () => {
  assertEquals(findProgram("sh")?.endsWith("/sh"), true);
  assertEquals(findProgram("no-such-program-anywhere"), undefined);
});
