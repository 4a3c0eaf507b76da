import { assertEquals } from "@std/assert";
import { bitnessOf, defaultMode } from "./mode.ts";

Deno.test("defaultMode() is the mode in which code of a bitness runs in ring 0", () => {
  assertEquals(([16, 32, 64] as const).map(defaultMode), ["real", "protected", "long"]);
});

Deno.test("bitnessOf() is that of the code in each mode", () => {
  const modes = ["real", "protected", "long", "long-user"] as const;
  assertEquals(modes.map(bitnessOf), [16, 32, 64, 64]);
});
