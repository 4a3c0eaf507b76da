import { assertEquals } from "@std/assert";
import { isRequired } from "./required.ts";

Deno.test("isRequired() finds a whole word of the list", () => {
  assertEquals(isRequired("cc", "cc"), true);
  assertEquals(isRequired("cc", "kvm, cc"), true);
  assertEquals(isRequired("cc", ""), false);
  assertEquals(isRequired("cc", "gcc,ccache"), false);
});
