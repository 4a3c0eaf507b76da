import { assert, assertThrows } from "@std/assert";
import { MisuseError } from "./misuse.ts";
import { checkTestArguments } from "./test_arguments.ts";

Deno.test("checkTestArguments() takes the options of deno test, with and without values", () => {
  checkTestArguments(["--filter", "F-05 ", "--junit-path=x.xml", "--parallel", "-q", "tests/"]);
  checkTestArguments(["--trace-leaks", "--unstable-worker-options"]);
  checkTestArguments(["tests/my_test.ts", "--", "--of-the-test"]);
});

Deno.test("checkTestArguments() refuses an option that Deno does not have, and names it", () => {
  const error = assertThrows(() => checkTestArguments(["--filtre", "x"]), MisuseError);
  assert(error.message.includes('"--filtre"'));
});
