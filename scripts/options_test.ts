import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { readOptions } from "./options.ts";

const line = {
  usage: "Usage: deno task something [--json] [--jobs N]",
  options: { json: { type: "boolean" }, jobs: { type: "string", default: "1" } },
} as const;

Deno.test("readOptions() gives values and positionals", () => {
  const request = readOptions({ ...line, args: ["--json", "x"], allowPositionals: true });
  assert(request.kind === "run");
  const json: boolean | undefined = request.options.values.json;
  const jobs: string = request.options.values.jobs;
  assertEquals([json, jobs, request.options.positionals], [true, "1", ["x"]]);
});

Deno.test("readOptions() takes --help and -h before anything else", () => {
  assertEquals(readOptions({ ...line, args: ["--json", "--help"] }), { kind: "help" });
  assertEquals(readOptions({ ...line, args: ["-h"] }), { kind: "help" });
});

for (
  const [what, args, complaint] of [
    ["an unknown option", ["--nope"], "--nope"],
    ["an option without its value", ["--jobs"], "--jobs"],
    ["a value for a flag", ["--json=1"], "--json"],
    ["a stray argument", ["stray"], "stray"],
  ] as const
) {
  Deno.test(`readOptions() complains of ${what}`, () => {
    const request = readOptions({ ...line, args });
    assert(request.kind === "misuse");
    assertStringIncludes(request.complaint, complaint);
  });
}

Deno.test("readOptions() throws for options that are themselves wrong", () => {
  assertThrows(
    () => readOptions({ usage: "", options: { x: { type: "number" as "string" } }, args: [] }),
    TypeError,
  );
});
