import { assertEquals } from "@std/assert";
import { configurationName } from "./host.ts";

Deno.test("configurationName() is the host, or the sandbox as matrix names it", () => {
  assertEquals(configurationName(""), "host");
  assertEquals(configurationName("amd:6.12"), "amd 6.12");
  assertEquals(configurationName("intel:/tmp/linux/bzImage"), "intel bzImage");
});
