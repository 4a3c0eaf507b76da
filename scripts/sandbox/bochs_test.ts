import { assertEquals } from "@std/assert";
import { isFastBochs } from "./bochs.ts";

Deno.test("isFastBochs() reads the version in what Bochs prints for --help", () => {
  const banner = (version: string): string => `=====\n      Bochs x86 Emulator ${version}\n=====\n`;
  assertEquals(isFastBochs(banner("2.7")), false);
  assertEquals(isFastBochs(banner("3.0")), true);
  assertEquals(isFastBochs(banner("10.1")), true);
  assertEquals(isFastBochs("Usage: bochs"), false);
});
