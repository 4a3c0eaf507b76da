import { assertEquals } from "@std/assert";
import { barText } from "./progress_bar.ts";

Deno.test("barText() fills with the work, and is full only when all is done", () => {
  assertEquals(barText("reads", 0), `[${".".repeat(30)}]   0 %  reads`);
  assertEquals(barText("reads", 0.5), `[${"#".repeat(15)}${".".repeat(15)}]  50 %  reads`);
  assertEquals(barText("reads", 0.995), `[${"#".repeat(29)}.]  99 %  reads`);
  assertEquals(barText("reads", 1), `[${"#".repeat(30)}] 100 %  reads`);
});
