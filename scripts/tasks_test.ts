import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ROOT } from "./program.ts";
import { runScript } from "./run_script.ts";
import { slowInSandbox, testUnless } from "../tests/support/test_unless.ts";

const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.json`)) as {
  readonly tasks: Readonly<Record<string, unknown>>;
};

const NO_FOLDER = "/no-such-folder/results.json";

/** What each task must refuse, beside an option that it does not have. */
const MISUSES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  doctor: [["stray"], ["--json=1"]],
  demo: [["stray"]],
  test: [["--config", "arm"], ["--config"]],
  verify: [
    ["--shard", "0/4"],
    ["--shard", "5/4"],
    ["--shard", "x"],
    ["--filter", "F-(01"],
    ["--filter", "Z-99"],
    ["--json", NO_FOLDER],
    ["--junit", NO_FOLDER],
    ["--json", "-"],
    ["--json", "out", "--junit", "./out"],
    ["--config", "arm"],
    ["stray"],
  ],
  fuzz: [
    ["--shard", "0/4", "--seed", "1"],
    ["--shard", "1/4"],
    ["--seed", "x"],
    ["--filters", "0"],
    ["--minutes", "soon"],
    ["--json", NO_FOLDER],
    ["--json", "-"],
    ["stray"],
  ],
  race: [
    ["--seconds", "0"],
    ["--seconds", "soon"],
    ["--seconds", "Infinity"],
    ["--vcpus", "0"],
    ["--vcpus", "9"],
    ["--vcpus", "1.5"],
    ["--json", NO_FOLDER],
    ["--config", "arm"],
    ["stray"],
  ],
  sweep: [
    ["--shard", "5/4"],
    ["--ranges", "ten"],
    ["--html", NO_FOLDER],
    ["--html", "-"],
    ["--html", "out", "--json", "out"],
    ["compare"],
    ["diff", "one.json"],
    ["diff", "no-such.json", "no-such.json"],
    ["merge"],
    ["merge", "--dangerous", "one.json"],
  ],
  sandbox: [
    [],
    ["--vendor", "arm", "true"],
    ["--kernel", "no-such-kernel", "true"],
    ["--timeout", "soon", "true"],
    ["--memory", "0", "true"],
    ["--processors", "9", "true"],
    ["--kvm-param", "x", "true"],
    ["--result", "/out.json", "true"],
  ],
  matrix: [
    ["--shard", "x"],
    ["--vendor", "arm"],
    ["--kernel", "no-such-kernel"],
    ["--timeout", "0"],
    ["--filter", "Z-99"],
    ["--json", NO_FOLDER],
    ["--json", "-"],
    ["--json", "out", "--html", "out"],
    ["stray"],
  ],
  clauses: [["--output"], ["--output", "-"], ["--output", NO_FOLDER]],
  report: [[], ["--output", "-", "x.json"], ["--output", NO_FOLDER, "x.json"], [
    "--output",
    "x.json",
    "x.json",
  ]],
  bench: [["--json", NO_FOLDER], ["--json", "-"], ["stray"]],
  compile: [["stray"], ["--output"], ["--output", "-"], ["--output", NO_FOLDER]],
  check: [["stray"]],
  ok: [["stray"]],
};

Deno.test("every task of deno.json is in the table of misuses", () => {
  assertEquals(Object.keys(MISUSES).toSorted(), Object.keys(tasks).toSorted());
});

for (const [name, misuses] of Object.entries(MISUSES)) {
  testUnless(
    slowInSandbox(),
    `deno task ${name} --help prints its usage and nothing else, with status 0`,
    async () => {
      const { code, stdout } = await runScript(name, ["--help"]);
      assertEquals(code, 0);
      assertStringIncludes(stdout, "Usage: deno task ");
      assertStringIncludes(stdout, name);
      assertStringIncludes(stdout, "Exit status:");
    },
  );

  testUnless(
    slowInSandbox(),
    `deno task ${name} refuses what it cannot do, with its usage and status 2`,
    async () => {
      const lines = [["--no-such-option"], ...misuses];
      // Together, for most of the time is Deno's start.
      const ended = await Promise.all(lines.map((args) => runScript(name, args)));
      ended.forEach(({ code, stdout, stderr }, i) => {
        const line = [name, ...lines[i]!].join(" ");
        assertEquals({ line, code, stdout }, { line, code: 2, stdout: "" }, stderr);
        assertStringIncludes(stderr, "Usage: deno task ");
        assert(!stderr.includes("    at "), stderr);
      });
    },
  );
}

testUnless(
  slowInSandbox(),
  "the tasks that can be divided refuse to be, without which part this one is",
  async () => {
    for (const name of ["verify", "matrix", "sweep", "fuzz"]) {
      const { code, stderr } = await runScript(name, [], { TRAPLINE_SHARDS: "4" });
      assertEquals(code, 2);
      assertStringIncludes(stderr, "TRAPLINE_SHARDS=4");
    }
  },
);
