import { assertEquals } from "@std/assert";
import { importFaults, importsOf } from "./import_directions.ts";

Deno.test("importsOf() finds static, type-only, bare, re-exported and dynamic imports", () => {
  const source = [
    'import { a } from "./a.ts";',
    'import {\n  type B,\n  c,\n} from "../b.ts";',
    'import "./side.ts";',
    'export * from "./d.ts";',
    'const e = await import("./e.ts");',
    '/** ```ts\n * import { x } from "@trapline/trapline";\n * ``` */',
  ].join("\n");
  assertEquals(importsOf(source), ["./a.ts", "../b.ts", "./side.ts", "./d.ts", "./e.ts"]);
});

Deno.test("importFaults() lets arrows point up the table only", () => {
  const faults = (path: string, specifier: string): number =>
    importFaults(path, `import { a } from "${specifier}";`).length;
  assertEquals(faults("kvm/abi/a.ts", "./b.ts"), 0);
  assertEquals(faults("kvm/abi/a.ts", "../sys/libc.ts"), 1);
  assertEquals(faults("kvm/abi/a.ts", "node:os"), 1);
  assertEquals(faults("kvm/sys/a.ts", "../vm.ts"), 1);
  assertEquals(faults("kvm/vm.ts", "../guests/session.ts"), 1);
  assertEquals(faults("guests/session.ts", "../kvm/vm.ts"), 0);
  assertEquals(faults("guests/session.ts", "../tests/support/clause.ts"), 1);
  assertEquals(faults("tests/clauses/a_test.ts", "../../kvm/vm.ts"), 1);
  assertEquals(faults("tests/clauses/a_test.ts", "@trapline/trapline"), 0);
  assertEquals(faults("guests/sweep/measure.ts", "../../kvm/kvm.ts"), 0);
  assertEquals(faults("guests/sweep/measure.ts", "../../tests/support/facts.ts"), 1);
  assertEquals(faults("tests/examples/a.ts", "@trapline/trapline/oracle"), 0);
  assertEquals(faults("tests/examples/a.ts", "@trapline/trapline/race"), 0);
  assertEquals(faults("tests/examples/a.ts", "@trapline/trapline/sweep"), 0);
  assertEquals(faults("tests/examples/a.ts", "../support/clause.ts"), 1);
  assertEquals(faults("mod.ts", "./scripts/doctor.ts"), 1);
  assertEquals(faults("scripts/doctor.ts", "node:util"), 0);
  assertEquals(faults("elsewhere/a.ts", "./b.ts"), 1);
});
