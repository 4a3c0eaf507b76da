import { assertEquals } from "@std/assert";
import { importsOf } from "../checks/import_directions.ts";
import { ROOT } from "../program.ts";
import { isPacked, packedConfig } from "./stage.ts";

/** The sources below `folder`, from the repository's root, that go in. */
function* packedSources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}/${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* packedSources(path);
    else if (/\.tsx?$/.test(path) && isPacked(path)) yield path;
  }
}

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

Deno.test("packedConfig() leaves out just the packages that nothing in the executable imports", () => {
  const read = (path: string): string => Deno.readTextFileSync(`${ROOT}/${path}`);
  const offline = JSON.parse(read("tests/support/offline_import_map.json")).imports;
  const { imports } = packedConfig(JSON.parse(read("deno.json")), offline);
  const needed = new Set(
    ["kvm", "guests", "tests", "scripts"].flatMap((folder) => [...packedSources(folder)])
      .flatMap((path) => importsOf(read(path))),
  );
  // What the compiler imports for JSX.
  needed.add("preact/jsx-runtime");
  // What shows a page to a browser serves the repository's tests and pictures, and no command.
  needed.delete("playwright-core");
  for (const name of Object.keys(offline)) {
    assertEquals(name in imports, needed.has(name), name);
  }
});
