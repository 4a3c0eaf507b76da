/**
 * `deno task check` and `deno task ok`: everything that a change must pass.
 *
 * @module
 */
import { launch, runDeno } from "./launch.ts";
import { parseOptions } from "./options.ts";
import { ROOT } from "./program.ts";
import { Progress } from "./progress.ts";
import { denoArgumentsOf, type Task } from "./trapline.ts";

const USAGE = `deno task check: check format, lint, types, docs, examples, layout and imports
deno task ok: the same, then all tests

Usage: deno task check | ok

  --help  show this

Exit status: 0 when all is well, 1 at the first check that fails, 2 for a bad command line.`;

/** One check. */
interface Check {
  /** What is checked. */
  readonly what: string;
  /** Deno's arguments for it. */
  readonly args: readonly string[];
  /** Whether its code asserts, so that Deno must find the assertions. */
  readonly asserts?: true;
}

const CHECKS: readonly Check[] = [
  { what: "format", args: ["fmt", "--check", "--quiet"] },
  { what: "lint", args: ["lint", "--quiet"] },
  { what: "types", args: ["check", "--quiet", "."], asserts: true },
  {
    what: "the package",
    args: ["publish", "--quiet", "--dry-run", "--allow-dirty", "--no-check"],
  },
  {
    what: "docs",
    args: ["run", "--quiet", "--allow-run=deno", "--allow-read=.", "scripts/checks/docs.ts"],
  },
  {
    what: "examples",
    args: [
      ...["run", "--quiet", "--allow-ffi", "--allow-run", "--allow-read", "--allow-env=TRAPLINE_*"],
      "scripts/checks/examples.ts",
    ],
  },
  {
    what: "the catalogue",
    args: [
      ...["run", "--quiet", "--allow-ffi", "--allow-read", "--allow-env=TRAPLINE_*"],
      "scripts/checks/catalogue.ts",
    ],
    asserts: true,
  },
  {
    what: "layout and imports",
    args: ["run", "--quiet", "--allow-read", "--allow-run=git", "scripts/checks/repository.ts"],
  },
];

/** Runs all tests, as their task does. */
async function runTests(): Promise<number> {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  return await runDeno(denoArgumentsOf(tasks.test as Task, ROOT));
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseOptions({ usage: USAGE, options: { tests: { type: "boolean" } }, args });
  const progress = new Progress("checks", CHECKS.length);
  for (const { what, args, asserts } of CHECKS) {
    progress.show(what);
    const status = await (asserts ? launch(args) : runDeno(args));
    progress.clear();
    if (status !== 0) {
      console.error(`The check of ${what} failed`);
      return 1;
    }
  }
  return values.tests ? await runTests() : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
