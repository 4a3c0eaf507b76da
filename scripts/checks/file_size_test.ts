import { assertEquals } from "@std/assert";
import { MAX_LINES, sizeFaults } from "./file_size.ts";

Deno.test("sizeFaults() allows the limit and no line more", () => {
  assertEquals(sizeFaults("a.ts", "\n".repeat(MAX_LINES)), []);
  assertEquals(sizeFaults("a.ts", "\n".repeat(MAX_LINES + 1)).length, 1);
});
