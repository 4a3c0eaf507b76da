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
import type { DiedRun, Run, VerifyRun } from "./results/format.ts";
import { ResultsFileError } from "./results/file_error.ts";
import { readResults } from "./results/read.ts";
import { KeptFile } from "./results/kept_file.ts";
import { writeReport } from "./results/write.ts";
import { writeEach } from "./write_file.ts";

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

/** What came of one configuration. */
interface Result {
  /** For the table: what was decided before it died says less there than that it died. */
  readonly column: Column;
  /** All there is to say of it. */
  readonly runs: readonly (VerifyRun | DiedRun)[];
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
): Promise<Result> {
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
  const found = await lastRun(own);
  const run = found && { ...found, configuration: name, selected, ...part };
  if (run !== undefined && run.clauses.length === ids.length) {
    // The other shards have the rest, and may be at work beside this one.
    if (shard.total > 1) await Deno.remove(own);
    else await Deno.rename(own, file);
    return { column: run, runs: [run] };
  }
  await Deno.remove(own).catch(() => {});
  const last = new TextDecoder().decode(stderr).trim().split("\n").slice(-12).join("\n");
  const decided = run === undefined
    ? ""
    : `, ${run.clauses.length} of ${ids.length} clauses decided`;
  const failure = `exit status ${code}${decided}\n${last}`;
  const died = { kind: "died", configuration: name, made, failure, selected, ...part } as const;
  return { column: died, runs: run === undefined ? [died] : [run, died] };
}

async function decideAll(
  chosen: readonly Part[],
  plan: Plan,
  signal: AbortSignal,
  keep: (results: ReadonlyMap<string, Result>) => Promise<void>,
): Promise<ReadonlyMap<string, Result>> {
  const results = new Map<string, Result>();
  const waiting = [...chosen];
  const progress = new Progress("configurations", chosen.length);
  const running = new Set<string>();
  const names = (): string => [...running].join(" and ");
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { name } = next.configuration;
      running.add(name);
      progress.show(names());
      const result = await decideOn(next, plan, signal);
      running.delete(name);
      results.set(name, result);
      const { column } = result;
      const outcome = column.kind === "verify" ? `${column.counts.holds} hold` : "died";
      progress.clear();
      await keep(results);
      console.error(`${name}: ${outcome} (${results.size} of ${chosen.length} done)`);
      if (running.size > 0) progress.draw(names());
    }
  };
  // All of them, also when a signal ends them: what they started is to be gone before this process.
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  const failed = ended.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return results;
}

/** Does `work`, which a signal aborts; the result is then the status to end with. */
async function untilSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | number> {
  const abort = new AbortController();
  let signalled: number | undefined;
  using _signals = onEndingSignal((_, status) => {
    signalled = status;
    abort.abort();
  });
  try {
    return await work(abort.signal);
  } catch (error) {
    if (signalled === undefined) throw error;
    return signalled;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { sandboxes, withHost, ids, shard, sandboxOptions, json, html } = readRequest(args);
  const hasHost = withHost && deviceObstacle() === undefined;
  const host: readonly Configuration[] = hasHost ? [{ name: "host" }] : [];
  const all = [...host, ...sandboxes];
  const chosen = partsOf(shard, all, ids);
  await Deno.mkdir(RESULTS, { recursive: true });
  const made = new Date().toISOString();
  // What is not done yet, and what other shards do, is named too, so that it can be missed.
  const runsWith = (results: ReadonlyMap<string, Result>): Run[] =>
    all.flatMap(({ name }): readonly Run[] =>
      results.get(name)?.runs ?? [{ kind: "planned", configuration: name, made, selected: ids }]
    );
  const file = new KeptFile(json, 0);
  await file.keep(() => runsWith(new Map()));
  const results = await untilSignal((signal) =>
    decideAll(
      chosen,
      { sandboxOptions, selected: ids },
      signal,
      (results) => file.keep(() => runsWith(results)),
    )
  );
  if (typeof results === "number") return results;
  const columns = chosen.map(({ configuration }) => results.get(configuration.name)!.column);
  console.log(tableText(columns));
  const notes = notesText(columns);
  if (notes !== "") console.log(`\n${notes}`);
  const runs = runsWith(results);
  const isWritten = await writeEach([
    () => file.write(runs),
    ...(html === undefined ? [] : [() => writeReport(html, json ?? "matrix", runs)]),
  ]);
  return hasFailure(columns) || !isWritten ? 1 : 0;
}

if (import.meta.main) await runTask(USAGE, () => main(Deno.args));
