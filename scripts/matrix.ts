/**
 * `deno task matrix`: decides the clauses on the host and in sandboxes of
 * every vendor and kernel, and prints one table.
 *
 * @module
 */
import { Kvm, KvmUnavailableError } from "../mod.ts";
import { type Configuration, configurations } from "./matrix/configuration.ts";
import { RESULTS } from "./matrix/results_folder.ts";
import { type Column, hasFailure, notesText, tableText } from "./matrix/table.ts";
import { parseOptions } from "./options.ts";
import type { VerifyRun } from "./results/format.ts";
import { readResults, ResultsFileError } from "./results/read.ts";
import { writeResults } from "./results/write.ts";

const USAGE = `deno task matrix: decide the clauses on the host and in every sandbox

Usage: deno task matrix [--vendor VENDORS] [--kernel KERNELS] [--no-host] [--filter PATTERNS]
                        [--timeout S] [--json FILE]

  --vendor VENDORS   amd, intel, or both with a comma; both by default
  --kernel KERNELS   of 5.10, 6.1, 6.12 and 7, or paths of bzImages, with commas; all by default
  --modules DIR      where the modules of kernels given by path are
  --no-host          leave the host's own KVM out
  --filter PATTERNS  only clauses whose id matches, such as F-05, 'K-*' or 'U-*,X-3?'
  --timeout S        seconds after which one configuration is taken to hang; 1800 by default
  --json FILE        write the results of all configurations as JSON
  --help             show this

Exit status: 0 when nothing deviates but what is recorded, 1 otherwise, 2 for a bad command line.`;

/** Emulators that run at once: each keeps about one core busy. */
const AT_ONCE = 2;

interface Options {
  readonly filter: readonly string[];
  readonly sandbox: readonly string[];
}

function hostIsUsable(): boolean {
  try {
    Kvm.open().close();
    return true;
  } catch (error) {
    if (error instanceof KvmUnavailableError) return false;
    throw error;
  }
}

function commandFor(configuration: Configuration, file: string, options: Options): string[] {
  const verify = ["verify", ...options.filter, "--json", file];
  if (!("vendor" in configuration)) return ["task", ...verify];
  const { vendor, kernel } = configuration;
  return [
    "task",
    "sandbox",
    ...["--vendor", vendor, "--kernel", kernel],
    ...options.sandbox,
    ...["--result", file],
    "--",
    ...["deno", "task", ...verify],
  ];
}

async function decideOn(configuration: Configuration, options: Options): Promise<Column> {
  const { name } = configuration;
  const file = `${RESULTS}/${name.replaceAll(/[^\w.]/g, "-")}.json`;
  await Deno.remove(file).catch(() => {});
  const made = new Date().toISOString();
  // A process each: one that dies does not take the others with it.
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: commandFor(configuration, file, options),
    env: "vendor" in configuration ? {} : { TRAPLINE_KVM: "host" },
    stdin: "null",
    stdout: "null",
  }).output();
  try {
    const [run] = await readResults(file);
    return { ...run as VerifyRun, configuration: name };
  } catch (error) {
    if (!(error instanceof ResultsFileError)) throw error;
    const last = new TextDecoder().decode(stderr).trim().split("\n").slice(-12).join("\n");
    const failure = `exit status ${code}\n${last}`;
    return { kind: "died", configuration: name, made, failure };
  }
}

async function decideAll(chosen: readonly Configuration[], options: Options): Promise<Column[]> {
  const columns = new Map<string, Column>();
  const waiting = [...chosen];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      console.error(`${next.name}: started`);
      const column = await decideOn(next, options);
      columns.set(next.name, column);
      const outcome = column.kind === "verify" ? `${column.counts.holds} hold` : "died";
      console.error(`${next.name}: ${outcome} (${columns.size} of ${chosen.length} done)`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return chosen.map(({ name }) => columns.get(name)!);
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseOptions({
    usage: USAGE,
    options: {
      vendor: { type: "string" },
      kernel: { type: "string" },
      modules: { type: "string" },
      "no-host": { type: "boolean" },
      filter: { type: "string" },
      timeout: { type: "string" },
      json: { type: "string" },
    },
    args,
  });
  const withHost = values["no-host"] !== true && hostIsUsable();
  const chosen = configurations(values.vendor, values.kernel, withHost);
  await Deno.mkdir(RESULTS, { recursive: true });
  const columns = await decideAll(chosen, {
    filter: values.filter === undefined ? [] : ["--filter", values.filter],
    sandbox: [
      ...(values.modules === undefined ? [] : ["--modules", values.modules]),
      ...(values.timeout === undefined ? [] : ["--timeout", values.timeout]),
    ],
  });
  console.log(tableText(columns));
  const notes = notesText(columns);
  if (notes !== "") console.log(`\n${notes}`);
  if (values.json !== undefined) await writeResults(values.json, columns);
  return hasFailure(columns) ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
