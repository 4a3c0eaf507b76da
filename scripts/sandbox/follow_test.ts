import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { followFile } from "./follow.ts";
import { inFolder } from "./in_folder.ts";

Deno.test("followFile() streams a file that comes later and grows, and closes at the end", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "port");
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const reader = followFile(path, ended).pipeThrough(new TextDecoderStream()).getReader();
    const first = reader.read();
    await Deno.writeTextFile(path, "one");
    assertEquals((await first).value, "one");
    await Deno.writeTextFile(path, " two", { append: true });
    assertEquals((await reader.read()).value, " two");
    await Deno.writeTextFile(path, " three", { append: true });
    end();
    assertEquals((await reader.read()).value, " three");
    assertEquals((await reader.read()).done, true);
  });
});

Deno.test("followFile() closes when the file never came", async () => {
  await inFolder(async (folder) => {
    const reader = followFile(join(folder, "port"), Promise.resolve()).getReader();
    assertEquals((await reader.read()).done, true);
  });
});
