import { assert, assertEquals, assertRejects } from "@std/assert";
import { testFiles, withOneFile } from "./test_files.ts";

Deno.test("testFiles() tells the tests that are given a KVM from the others", () => {
  const { withKvm, withoutKvm } = testFiles();
  const wanted = [
    "tests/clauses/filter_ranges_test.ts",
    "tests/binding/exits_test.ts",
    "guests/threads/vcpu_thread_test.ts",
  ];
  for (const path of wanted) assert(withKvm.includes(path), path);
  assert(withoutKvm.includes("scripts/test_files_test.ts"));
  assert(withoutKvm.includes("kvm/msr_bitmap_test.ts"));
  assertEquals(withKvm.filter((path) => withoutKvm.includes(path)), []);
});

Deno.test("withOneFile() gives a module that imports all files, and removes it", async () => {
  const files = ["kvm/a_test.ts", "tests/b_test.ts"];
  let made = "";
  await assertRejects(() =>
    withOneFile(files, async (path) => {
      made = new URL(`../${path}`, import.meta.url).pathname;
      const text = await Deno.readTextFile(made);
      assertEquals(text, 'import "../kvm/a_test.ts";\nimport "../tests/b_test.ts";\n');
      throw new Deno.errors.Interrupted();
    }), Deno.errors.Interrupted);
  await assertRejects(() => Deno.stat(made), Deno.errors.NotFound);
});
