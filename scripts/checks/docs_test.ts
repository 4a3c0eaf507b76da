import { assertEquals } from "@std/assert";
import { type Docs, exampleFaults, lintFaults } from "./docs.ts";

const ROOT = "file:///project/";

function docsOf(kind: string, file: string, example?: string): Docs {
  const tags = example === undefined ? [] : [{ kind: "example", doc: `Usage\n${example}` }];
  const location = { filename: file, line: 7 };
  const symbol = { name: "thing", declarations: [{ kind, location, jsDoc: { tags } }] };
  return { nodes: { "file:///project/mod.ts": { symbols: [symbol] } } };
}

Deno.test("exampleFaults() wants an example of every class and function, and no other", () => {
  const file = `${ROOT}kvm/a.ts`;
  assertEquals(exampleFaults(docsOf("class", file), ROOT), ["kvm/a.ts:7: thing has no @example"]);
  assertEquals(exampleFaults(docsOf("function", file), ROOT).length, 1);
  assertEquals(exampleFaults(docsOf("interface", file), ROOT), []);
  assertEquals(exampleFaults(docsOf("class", "file:///elsewhere/a.d.ts"), ROOT), []);
});

Deno.test("exampleFaults() wants an example that runs and asserts", () => {
  const faults = (example: string): number =>
    exampleFaults(docsOf("function", `${ROOT}kvm/a.ts`, example), ROOT).length;
  assertEquals(faults("```ts\nassertEquals(thing(), 1);\n```"), 0);
  assertEquals(faults("```ts\nthing();\n```"), 1);
  assertEquals(faults("```ts ignore\nassertEquals(thing(), 1);\n```"), 1);
});

Deno.test("lintFaults() names what is wrong in the project's own files", () => {
  const complaint = (path: string): string =>
    `error[missing-jsdoc]: exported symbol is missing JSDoc documentation\n` +
    `   --> ${path}:3:1\n    |\n  3 | export const a = 1;\n\n\n`;
  const both = `${complaint("/project/kvm/a.ts")}${complaint("/cache/fast-check.d.ts")}` +
    "error: Found 2 documentation lint errors.\n";
  assertEquals(lintFaults(both, "/project/"), [
    "kvm/a.ts:3:1: exported symbol is missing JSDoc documentation",
  ]);
});

Deno.test("CHANGELOG.md begins with what the version of deno.json brings", () => {
  const read = (name: string): string =>
    Deno.readTextFileSync(new URL(`../../${name}`, import.meta.url));
  const { version } = JSON.parse(read("deno.json"));
  assertEquals(/^## (\S+)/m.exec(read("CHANGELOG.md"))?.[1], version);
});
