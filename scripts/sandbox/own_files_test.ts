import { assert, assertEquals } from "@std/assert";
import { ROOT } from "../program.ts";
import { ownFiles } from "./own_files.ts";

Deno.test("ownFiles() gives a project elsewhere the package, all of which is there", () => {
  const own = ownFiles(ROOT, "/somewhere/else", false);
  assert(own?.root === ROOT && own.paths.includes(`${ROOT}/mod.ts`));
  for (const path of own.paths) assert(Deno.lstatSync(path) !== undefined, path);
});

Deno.test("ownFiles() gives nothing where the directory holds the repository", () => {
  for (const directory of ["/a/trapline", "/a", "/"]) {
    assertEquals(ownFiles("/a/trapline", directory, false), undefined);
  }
});

Deno.test("ownFiles() takes a folder whose name only begins alike for another one", () => {
  assertEquals(ownFiles("/a/trapline", "/a/trap", false)?.root, "/a/trapline");
});

Deno.test("ownFiles() gives the package to a directory within the repository", () => {
  assertEquals(ownFiles("/a/trapline", "/a/trapline/tests", false)?.root, "/a/trapline");
});

Deno.test("ownFiles() gives the executable whole", () => {
  assertEquals(ownFiles("/a/cache", "/a", true), {
    root: "/a/cache",
    paths: ["/a/cache"],
    isProject: true,
  });
});
