import { assertEquals } from "@std/assert";
import { primingArguments } from "./prime.ts";

Deno.test("primingArguments() give Deno's own way not to run tests", () => {
  assertEquals(primingArguments(["deno", "test", "-A", "x_test.ts"]), [
    "test",
    "--no-run",
    "-A",
    "x_test.ts",
  ]);
  assertEquals(primingArguments(["/usr/bin/deno", "bench"]), ["bench", "--no-run"]);
});

Deno.test("primingArguments() are none for what cannot be prepared or would not end", () => {
  for (const command of [["sh"], ["deno"], ["deno", "task", "test"], ["deno", "test", "--watch"]]) {
    assertEquals(primingArguments(command), undefined);
  }
});
