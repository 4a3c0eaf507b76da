/**
 * `deno task matrix`: decides the clauses on the host and in sandboxes of
 * every vendor and kernel, and prints one table.
 *
 * @module
 */
import { deviceObstacle } from "../tests/support/facts.ts";
import { onEndingSignal } from "./ending_signals.ts";
import { UNDIVIDED } from "./fleet/shard.ts";
import type { Configuration } from "./matrix/configuration.ts";
import { type Part, partsOf } from "./matrix/parts.ts";
import { readRequest, type Request, USAGE } from "./matrix/request.ts";
import { RESULTS } from "./matrix/results_folder.ts";
import { type Column, hasFailure, notesText, tableText } from "./matrix/table.ts";
import { ROOT } from "./program.ts";
import { Progress } from "./progress.ts";
import { runTask } from "./run_task.ts";
import type { VerifyRun } from "./results/format.ts";
import { ResultsFileError } from "./results/file_error.ts";
import { readResults } from "./results/read.ts";
import { writeReport, writeResults } from "./results/write.ts";

/** Emulators that run at once: each keeps about one core busy. */
const AT_ONCE = 2;

/** What is the same for all configurations. */
interface Plan extends Pick<Request, "sandboxOptions"> {
  /** The clauses that all shards together decide at each configuration. */
  readonly selected: readonly string[];
}

/** Runs a task; not as one, which the executable could not. */
const TRAPLINE = ["run", "--quiet", "--allow-read", "--allow-run", `${ROOT}/scripts/trapline.ts`];

function commandFor(
  configuration: Configuration,
  ids: readonly string[],
  file: string,
  sandboxOptions: readonly string[],
): string[] {
  const verify = ["verify", "--filter", ids.join(","), "--json", file];
  if (!("vendor" in configuration)) return [...TRAPLINE, ...verify];
  const { vendor, kernel } = configuration;
  return [
    ...TRAPLINE,
    "sandbox",
    ...["--vendor", vendor, "--kernel", kernel],
    ...sandboxOptions,
    ...["--result", file],
    "--",
    ...["deno", ...TRAPLINE, ...verify],
  ];
}

/** The run that `verify` left at `file`, if it left one. */
async function lastRun(file: string): Promise<VerifyRun | undefined> {
  try {
    const [run] = await readResults(file);
    return run as VerifyRun;
  } catch (error) {
    if (error instanceof ResultsFileError) return undefined;
    throw error;
  }
}

async function decideOn(
  { configuration, ids, shard }: Part,
  { sandboxOptions, selected }: Plan,
  signal: AbortSignal,
): Promise<Column> {
  const { name } = configuration;
  const file = `${RESULTS}/${name.replaceAll(/[^\w.]/g, "-")}.json`;
  // This run's own: another may be at work, and what the last one found stays until there is more.
  const own = `${file}.${Deno.pid}.new`;
  const part = shard.total > 1 ? { shard: { ...shard, selected: ids } } : {};
  const made = new Date().toISOString();
  // A process each: one that dies does not take the others with it.
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: commandFor(configuration, ids, own, sandboxOptions),
    // What they are to decide is divided already.
    env: {
      ...UNDIVIDED,
      ...("vendor" in configuration ? {} : { TRAPLINE_KVM: "host" }),
    },
    stdin: "null",
    stdout: "null",
    signal, // A SIGTERM, after which a sandbox tidies up.
  }).output();
  if (signal.aborted) await Deno.remove(own).catch(() => {});
  signal.throwIfAborted();
  const run = await lastRun(own);
  // What was decided before a configuration died says less than that it died.
  if (run !== undefined && run.clauses.length === ids.length) {
    // The other shards have the rest, and may be at work beside this one.
    if (shard.total > 1) await Deno.remove(own);
    else await Deno.rename(own, file);
    return { ...run, configuration: name, selected, ...part };
  }
  await Deno.remove(own).catch(() => {});
  const last = new TextDecoder().decode(stderr).trim().split("\n").slice(-12).join("\n");
  const decided = run === undefined
    ? ""
    : `, ${run.clauses.length} of ${ids.length} clauses decided`;
  const failure = `exit status ${code}${decided}\n${last}`;
  return { kind: "died", configuration: name, made, failure, selected, ...part };
}

async function decideAll(
  chosen: readonly Part[],
  plan: Plan,
  signal: AbortSignal,
): Promise<Column[]> {
  const columns = new Map<string, Column>();
  const waiting = [...chosen];
  const progress = new Progress("configurations", chosen.length);
  const running = new Set<string>();
  const names = (): string => [...running].join(" and ");
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { name } = next.configuration;
      running.add(name);
      progress.show(names());
      const column = await decideOn(next, plan, signal);
      running.delete(name);
      columns.set(name, column);
      const outcome = column.kind === "verify" ? `${column.counts.holds} hold` : "died";
      progress.clear();
      console.error(`${name}: ${outcome} (${columns.size} of ${chosen.length} done)`);
      if (running.size > 0) progress.draw(names());
    }
  };
  // All of them, also when a signal ends them: what they started is to be gone before this process.
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  const failed = ended.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return chosen.map(({ configuration }) => columns.get(configuration.name)!);
}

async function main(args: readonly string[]): Promise<number> {
  const { sandboxes, withHost, ids, shard, sandboxOptions, json, html } = readRequest(args);
  const hasHost = withHost && deviceObstacle() === undefined;
  const host: readonly Configuration[] = hasHost ? [{ name: "host" }] : [];
  const all = [...host, ...sandboxes];
  const chosen = partsOf(shard, all, ids);
  await Deno.mkdir(RESULTS, { recursive: true });
  const abort = new AbortController();
  let signalled: number | undefined;
  using _signals = onEndingSignal((_, status) => {
    signalled = status;
    abort.abort();
  });
  const plan = { sandboxOptions, selected: ids };
  const columns = await decideAll(chosen, plan, abort.signal).catch((error: unknown) => {
    if (signalled === undefined) throw error;
    return undefined;
  });
  if (columns === undefined) return signalled!;
  console.log(tableText(columns));
  const notes = notesText(columns);
  if (notes !== "") console.log(`\n${notes}`);
  const here = new Set(chosen.map(({ configuration }) => configuration.name));
  const made = new Date().toISOString();
  const elsewhere = all.filter(({ name }) => !here.has(name))
    .map(({ name }) => ({ kind: "planned" as const, configuration: name, made, selected: ids }));
  const runs = [...columns, ...elsewhere];
  if (json !== undefined) await writeResults(json, runs);
  if (html !== undefined) await writeReport(html, json ?? "matrix", runs);
  return hasFailure(columns) ? 1 : 0;
}

if (import.meta.main) await runTask(USAGE, () => main(Deno.args));
