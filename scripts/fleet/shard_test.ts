import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MisuseError } from "../misuse.ts";
import { readShard, type Shard, shardText, WHOLE } from "./shard.ts";

function read(option: string | undefined, environment: Record<string, string> = {}): Shard {
  return readShard(option, (name) => environment[name]);
}

Deno.test("readShard() takes the option before the environment", () => {
  assertEquals(read("2/4"), { index: 2, total: 4 });
  assertEquals(read("1/1", { TRAPLINE_SHARDS: "x" }), { index: 1, total: 1 });
  assertEquals(shardText(read("4/4")), "4/4");
});

Deno.test("readShard() takes what schedulers set, counted from 0 on", () => {
  assertEquals(read(undefined, { TRAPLINE_SHARDS: "8", JOB_COMPLETION_INDEX: "0" }), {
    index: 1,
    total: 8,
  });
  assertEquals(
    read(undefined, {
      TRAPLINE_SHARDS: "8",
      TRAPLINE_SHARD_INDEX: "7",
      JOB_COMPLETION_INDEX: "0",
    }),
    { index: 8, total: 8 },
  );
});

Deno.test("readShard() is the whole where nobody divides", () => {
  assertEquals(read(undefined), WHOLE);
  // An Indexed Job may count something else than shards.
  assertEquals(read(undefined, { JOB_COMPLETION_INDEX: "3" }), WHOLE);
  assertEquals(read(undefined, { TRAPLINE_SHARDS: "", JOB_COMPLETION_INDEX: "3" }), WHOLE);
});

for (
  const option of [
    "0/4",
    "5/4",
    "x",
    "",
    "/",
    "1/",
    "/4",
    "1/2/3",
    "-1/4",
    "1/0",
    "1.5/4",
    "1e1/99",
  ]
) {
  Deno.test(`readShard() refuses "${option}"`, () => {
    const error = assertThrows(() => read(option), MisuseError);
    assertStringIncludes(error.message, `"${option}"`);
  });
}

Deno.test("readShard() refuses an environment that names no shard, and says what is in it", () => {
  const refusal = (environment: Record<string, string>): string =>
    assertThrows(() => read(undefined, environment), MisuseError).message;
  const index = refusal({ TRAPLINE_SHARDS: "4", JOB_COMPLETION_INDEX: "4" });
  assertStringIncludes(index, "JOB_COMPLETION_INDEX=4");
  assertStringIncludes(refusal({ TRAPLINE_SHARDS: "four", TRAPLINE_SHARD_INDEX: "1" }), "four");
  assertStringIncludes(refusal({ TRAPLINE_SHARDS: "4" }), "TRAPLINE_SHARD_INDEX or");
  for (const half of [{}, { TRAPLINE_SHARDS: "" }, { JOB_COMPLETION_INDEX: "3" }]) {
    const message = refusal({ TRAPLINE_SHARD_INDEX: "2", ...half });
    assertStringIncludes(message, "TRAPLINE_SHARD_INDEX=2 is one: TRAPLINE_SHARDS must be set");
  }
});
