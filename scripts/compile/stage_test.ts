import { assertEquals } from "@std/assert";
import { isPacked, packedConfig } from "./stage.ts";

Deno.test("packedConfig() maps every import to what is beside it, and leaves out what is not", () => {
  const config = packedConfig(
    { version: "1.2.3", publish: {}, tasks: {}, imports: { "@std/assert": "jsr:@std/assert" } },
    {
      "@std/assert": "./std_assert.ts",
      "@trapline/trapline": "../../mod.ts",
      "iced-x86": "npm:iced-x86@^1",
      "playwright-core": "npm:playwright-core@^1",
    },
  );
  assertEquals(config, {
    version: "1.2.3",
    tasks: {},
    imports: {
      "@std/assert": "./tests/support/std_assert.ts",
      "@trapline/trapline": "./mod.ts",
      "iced-x86": "npm:iced-x86@^1",
    },
    nodeModulesDir: "manual",
    nodeModulesLinker: "hoisted",
  });
});

Deno.test("isPacked() takes the clauses, and no unit test", () => {
  assertEquals(
    ["kvm/vm.ts", "kvm/vm_test.ts", "tests/abi_test.ts", "tests/clauses/a_test.ts"].map(isPacked),
    [true, false, false, true],
  );
});
