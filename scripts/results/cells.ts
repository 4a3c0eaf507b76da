/**
 * What the runs of one configuration found, clause by clause.
 *
 * @module
 */
import type { ClauseRecord, ExecutionRecord, VerdictKind, VerifyRun } from "./format.ts";
import { gravest } from "./verdicts.ts";

/** What one run found of a clause. */
export interface Finding {
  /** The file of the run. */
  readonly path: string;
  /** When the run began, ISO 8601. */
  readonly made: string;
  /** The version of Trapline that made it, where it says so. */
  readonly trapline: string | undefined;
  /** What it found. */
  readonly record: ClauseRecord;
}

/** All that was found of a clause on a configuration. */
export interface Cell {
  /**
   * What the findings come to; `flaky` when an execution came to different
   * verdicts by one version of Trapline. Of several versions the one counts that
   * ran last.
   */
  readonly verdict: VerdictKind | "flaky";
  /** At least one, the oldest first. */
  readonly findings: readonly Finding[];
  /** The versions that came to different verdicts, each with one of its own; else none. */
  readonly versions: readonly string[];
}

/** An execution with the version of Trapline that ran it, the oldest first. */
interface Versioned extends ExecutionRecord {
  readonly trapline: string | undefined;
}

/** How a version is called; files of before do not say theirs. */
function versionText(version: string | undefined): string {
  return version ?? "unknown";
}

function distinct(records: readonly ExecutionRecord[]): VerdictKind[] {
  return [...new Set(records.map(({ verdict }) => verdict))];
}

/** What the runs of one execution come to. */
function outcomeOf(records: readonly Versioned[]): Pick<Cell, "verdict" | "versions"> {
  const byVersion = Map.groupBy(records, ({ trapline }) => trapline);
  const verdicts = [...byVersion.values()].map(distinct);
  const isFlaky = verdicts.some(({ length }) => length > 1);
  const newest = byVersion.get(records.at(-1)!.trapline)!;
  const differ = !isFlaky && new Set(verdicts.flat()).size > 1;
  return {
    verdict: isFlaky ? "flaky" : newest[0]!.verdict,
    versions: differ ? [...byVersion.keys()].map(versionText) : [],
  };
}

function cellOf(unordered: readonly Finding[]): Cell {
  const findings = unordered.toSorted((a, b) => Date.parse(a.made) - Date.parse(b.made));
  const executions = findings.flatMap(({ trapline, record }) =>
    record.executions.map((each) => ({ ...each, trapline }))
  );
  const outcomes = [...Map.groupBy(executions, ({ execution }) => execution).values()]
    .map(outcomeOf);
  const verdicts = outcomes.flatMap(({ verdict }) => verdict === "flaky" ? [] : [verdict]);
  return {
    verdict: verdicts.length < outcomes.length ? "flaky" : gravest(verdicts),
    findings,
    versions: [...new Set(outcomes.flatMap(({ versions }) => versions))],
  };
}

/** The cells of a configuration by the clauses' ids, from all its runs. */
export function cellsOf(
  runs: readonly (VerifyRun & { readonly path: string })[],
): Map<string, Cell> {
  const findings = Map.groupBy(
    runs.flatMap(({ path, made, trapline, clauses }) =>
      clauses.map((record) => ({ path, made, trapline, record }))
    ),
    ({ record }) => record.id,
  );
  return new Map([...findings].map(([id, group]) => [id, cellOf(group)]));
}

/** The clauses of `cells` on whose verdicts versions of Trapline differ, as sentences. */
export function versionProblems(name: string, cells: ReadonlyMap<string, Cell>): string[] {
  const differing = [...cells].filter(([, { versions }]) => versions.length > 0);
  const groups = Map.groupBy(differing, ([, { versions }]) => versions.join(" and "));
  return [...groups].map(([versions, group]) =>
    `${name}: ${group.map(([id]) => id).join(", ")} came to different verdicts by Trapline ` +
    `${versions}; the run of the last counts`
  );
}
