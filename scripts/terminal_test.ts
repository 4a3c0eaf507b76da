import { assertEquals } from "@std/assert";
import { paintFor, wrap } from "./terminal.ts";

Deno.test("paintFor() paints on a terminal only, and not under NO_COLOR", () => {
  const red = (noColor: boolean, isTerminal: boolean): string =>
    paintFor({ noColor, isTerminal }).red("x");
  assertEquals(red(false, true), "\x1b[31mx\x1b[39m");
  assertEquals(red(true, true), "x");
  assertEquals(red(false, false), "x");
});

Deno.test("wrap() breaks between words and keeps a long word whole", () => {
  assertEquals(wrap("one two three", 7), ["one two", "three"]);
  assertEquals(wrap("a longest b", 3), ["a", "longest", "b"]);
  assertEquals(wrap("", 10), [""]);
});
