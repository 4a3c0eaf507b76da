/**
 * The command line of `test`, whose options are those of `deno test`.
 *
 * @module
 */
import { MisuseError } from "./misuse.ts";
import { asCalled } from "./program.ts";

/** What `deno task test --help` prints. */
export const TEST_USAGE =
  `deno task test: run all tests, on the host's KVM or else in the AMD sandbox

Usage: deno task test [--config host|amd|intel|none[:KERNEL]] [OPTION]... [FILE]...

  --config C       where: this host, a sandbox with a kernel, such as intel:6.12, or no KVM
  --filter TEXT    only tests whose name has this text, such as "F-05 "
  --shard I/N      only part I of N of the files
  --junit-path F   write the results as JUnit XML
  --help           show this; the other options are those of deno test

TRAPLINE_REQUIRE=kvm,cc turns a missing KVM and a missing C compiler into failures, and
TRAPLINE_TEST_SANDBOX=all adds the slow tests of the sandbox, TRAPLINE_TEST_FAULTS=all those of
what a machine can do to a run.

Exit status: 0 when no test fails, 1 otherwise, 2 for a bad command line.`;

/** Options that Deno takes and does not list. */
const UNLISTED = /^--(?:unstable|trace-leaks|frozen)/;

/** The long options that `help`, what `deno test --help` prints, lists. */
export function optionsIn(help: string): ReadonlySet<string> {
  return new Set([...help.matchAll(/^\s+(?:-\w, )?(--[\w-]+)/gm)].map(([, name]) => name!));
}

function denoTestHelp(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), {
    args: ["test", "--help"],
    env: { NO_COLOR: "1" },
  }).outputSync();
  return new TextDecoder().decode(stdout);
}

/**
 * Looks for `--help`, which it answers and ends the process, and for options
 * that Deno does not have: Deno would end with status 1, like a test that fails.
 *
 * @throws {MisuseError} When there is such an option.
 */
export function checkTestArguments(args: readonly string[]): void {
  const end = args.indexOf("--");
  const own = end === -1 ? args : args.slice(0, end);
  if (own.includes("--help") || own.includes("-h")) {
    console.log(asCalled(TEST_USAGE));
    Deno.exit(0);
  }
  const names = own.filter((arg) => arg.startsWith("--")).map((arg) => arg.split("=")[0]!);
  if (names.length === 0) return;
  const known = optionsIn(denoTestHelp());
  const unknown = names.find((name) => !known.has(name) && !UNLISTED.test(name));
  if (unknown !== undefined) throw new MisuseError(`Cannot run the tests: no option "${unknown}"`);
}
