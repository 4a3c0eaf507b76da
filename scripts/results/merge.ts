/**
 * Many result files as one picture: every configuration once, every clause
 * with all that was found of it. Nothing is averaged: what was found
 * differently at different times is flaky, and what is missing is named.
 *
 * @module
 */
import { compareIds } from "../../tests/support/catalogue.ts";
import { nameConfigurations } from "./configuration_names.ts";
import { type Cell, cellsOf, versionProblems } from "./cells.ts";
import type { DiedRun, FuzzRun, HostRecord, PlannedRun, Run, VerifyRun } from "./format.ts";
import { searchProblems, shardProblems } from "./shards.ts";

/** A result file that was read. */
export interface Source {
  /** Where it is. */
  readonly path: string;
  /** What is in it. */
  readonly runs: readonly Run[];
}

/** One configuration with all its runs. */
export interface Configuration {
  /** A name that no other configuration has. */
  readonly name: string;
  /** The machine; not known when every run died. */
  readonly host: HostRecord | undefined;
  /** How many runs of `verify` there are. */
  readonly runs: number;
  /** What was to be decided, in the order of the catalogue. */
  readonly selected: readonly string[];
  /** What was decided, by the clauses' ids. */
  readonly cells: ReadonlyMap<string, Cell>;
  /** What was to be decided and was not. */
  readonly missing: readonly string[];
  /** The runs that died. */
  readonly died: readonly DiedRun[];
}

/** What many files come to. */
export interface Merged {
  /** In the order in which the files have them. */
  readonly configurations: readonly Configuration[];
  /** The searches, each with the name of its configuration. */
  readonly searches: readonly FuzzRun[];
  /** What is missing or contradicts itself, a sentence each. */
  readonly problems: readonly string[];
}

/** A run with the file it is from. */
type From<R extends Run> = R & { readonly path: string };

/** The runs of `sources`, those that are in two files once. */
function distinctRuns(sources: readonly Source[]): { runs: From<Run>[]; problems: string[] } {
  const seen = new Map<string, string>();
  const problems: string[] = [];
  const runs = sources.flatMap(({ path, runs }) =>
    runs.flatMap((run): From<Run>[] => {
      const text = JSON.stringify(run);
      const before = seen.get(text);
      // Each part of a divided matrix has the plan of the others.
      if (before === undefined || run.kind === "planned") {
        seen.set(text, path);
        return [{ ...run, path }];
      }
      problems.push(
        `The ${run.kind} run of ${run.configuration} at ${run.made} is in "${before}" and again ` +
          `in "${path}"; it counts once`,
      );
      return [];
    })
  );
  return { runs, problems };
}

/** A text that is equal for equal machines. */
function hostKey({ kernel, cpu, modules }: HostRecord): string {
  const sorted = (record: Readonly<Record<string, unknown>>): unknown =>
    Object.entries(record).toSorted(([a], [b]) => a < b ? -1 : 1);
  const parameters = Object.entries(modules).map(([name, values]) => [name, sorted(values)]);
  return JSON.stringify([kernel, cpu, sorted(Object.fromEntries(parameters))]);
}

function configurationOf(
  name: string,
  verified: readonly From<VerifyRun>[],
  died: readonly From<DiedRun>[],
  planned: readonly From<PlannedRun>[],
): Configuration {
  const cells = cellsOf(verified);
  const wanted = [...verified, ...died, ...planned].flatMap(({ selected }) => selected ?? []);
  const selected = [...new Set(wanted)].toSorted(compareIds);
  return {
    name,
    host: verified[0]?.host,
    runs: verified.length,
    selected,
    cells,
    missing: selected.filter((id) => !cells.has(id)),
    died,
  };
}

/** The same clause in other words is of another version of the clauses. */
function sentenceProblems(runs: readonly From<VerifyRun>[]): string[] {
  const known = new Map<string, { readonly sentence: string; readonly path: string }>();
  const problems = new Map<string, string>();
  for (const { path, clauses } of runs) {
    for (const { id, sentence } of clauses) {
      const before = known.get(id);
      if (before === undefined) known.set(id, { sentence, path });
      else if (before.sentence !== sentence && !problems.has(id)) {
        problems.set(
          id,
          `${id} promises one thing in "${before.path}" and another in "${path}": the files are ` +
            "of different versions of the clauses",
        );
      }
    }
  }
  return [...problems.values()];
}

function configurationProblems(configuration: Configuration): string[] {
  const { name, cells, died, missing, selected } = configuration;
  const flaky = [...cells].filter(([, { verdict }]) => verdict === "flaky").map(([id]) => id);
  return [
    ...died.map(({ failure }) => `${name}: a run died: ${failure.split("\n")[0]}`),
    ...(missing.length === 0 ? [] : [
      `${name}: ${missing.length} of ${selected.length} clauses are missing: ${missing.join(", ")}`,
    ]),
    ...(flaky.length === 0
      ? []
      : [`${name}: ${flaky.join(", ")} came to different verdicts in different runs`]),
    ...versionProblems(name, cells),
  ];
}

/** Merges the runs of all `sources`. Runs on equal machines are of one configuration. */
export function mergeResults(sources: readonly Source[]): Merged {
  const { runs, problems } = distinctRuns(sources);
  const verified = runs.filter((run) => run.kind === "verify");
  const searches = runs.filter((run) => run.kind === "fuzz");
  const names = nameConfigurations(
    Map.groupBy([...verified, ...searches], ({ host }) => hostKey(host)),
  );
  const nameOf = (run: VerifyRun | FuzzRun): string => names.get(hostKey(run.host))!;
  // What died or was planned says nothing of its machine: its name must do.
  const all = runs.filter((run) => run.kind !== "fuzz");
  const groups = Map.groupBy(
    all,
    (run) => run.kind === "verify" ? nameOf(run) : run.configuration,
  );
  const configurations = [...groups].map(([name, group]) =>
    configurationOf(
      name,
      group.filter((run) => run.kind === "verify"),
      group.filter((run) => run.kind === "died"),
      group.filter((run) => run.kind === "planned"),
    )
  );
  return {
    configurations,
    searches: searches.map((run) => ({ ...run, configuration: nameOf(run) })),
    problems: [
      ...problems,
      ...sentenceProblems(verified),
      ...[...groups].flatMap(([name, group]) =>
        shardProblems(name, group.filter((run) => run.kind !== "planned"))
      ),
      ...[...Map.groupBy(searches, nameOf)].flatMap(([name, group]) => searchProblems(name, group)),
      ...configurations.flatMap(configurationProblems),
    ],
  };
}
