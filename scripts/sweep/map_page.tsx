/**
 * A map as a page.
 *
 * @module
 */
import type { JSX } from "preact";
import { aspectsOf, kindOf, KINDS, type MsrKind } from "@trapline/trapline/sweep";
import type { MsrRun } from "../../guests/sweep/record.ts";
import { windowText } from "../../guests/sweep/windows.ts";
import { renderPage } from "../page/shell.tsx";
import { FoldedTable } from "../page/table.tsx";
import { hostText, titleOf } from "./comparison_text.ts";
import type { SweepMap } from "./map.ts";
import {
  EMPTY,
  Finder,
  Legend,
  Strip,
  stripData,
  type StripDetail,
  type StripItem,
  stripScript,
} from "./strips.tsx";
import { stripStyle } from "./strip_style.ts";
import { countKinds, notFilterable, passedThrough, spansBy } from "./summary.ts";

const COLOURS: Readonly<Record<MsrKind, readonly [light: string, dark: string]>> = {
  "read-write": ["#1f5fd0", "#5b93ff"],
  "read-only": ["#86b6f2", "#2f5688"],
  "readable": ["#8e6bd1", "#a98be6"],
  "write-only": ["#e08a1a", "#f2a541"],
  "invalid": ["#b9a58c", "#7d6b52"],
  "cpu-fault": ["#2f8f6b", "#49b58c"],
  "ended": ["#c2185b", "#ff5c9a"],
  "unknown": ["#eceef1", "#242932"],
};

const MARKS = {
  passed: ["passed through: some access makes no exit", passedThrough],
  unfiltered: ["not stopped by a filter that denies everything", notFilterable],
  careful: [
    "dangerous: not everything was written",
    ({ leftOut }: MsrRun["record"]) => leftOut,
  ],
} as const;

function marksOf({ record }: MsrRun): string[] {
  // Of what KVM does not know, the filter's silence says nothing.
  return Object.entries(MARKS).flatMap(([mark, [, found]]) =>
    found(record) === undefined ? [] : [mark]
  );
}

function countMarks(runs: readonly MsrRun[], mark: string): number {
  return runs.filter((run) => marksOf(run).includes(mark))
    .reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

function LeftOut({ map }: { readonly map: SweepMap }): JSX.Element {
  return (
    <FoldedTable
      summary="Dangerous writes that were left out"
      heads={["MSRs", "What a write could do"]}
      rows={[...spansBy(map, ({ leftOut }) => leftOut)]
        .map(([why, windows]) => [windows.map(titleOf).join(", "), why])}
    />
  );
}

function Known({ runs }: { readonly runs: readonly MsrRun[] }): JSX.Element {
  return (
    <FoldedTable
      summary="All MSRs that KVM knows, as a table"
      heads={["MSR", "Class", "Value", "Single bits"]}
      rows={runs.filter(({ record }) => kindOf(record) !== EMPTY).map((run) => [
        titleOf(run),
        <span key="class" class="whole">{kindOf(run.record)}</span>,
        <span key="value" class="mono">{run.record.value}</span>,
        new Map(aspectsOf(run.record)).get("Single bits"),
      ])}
    />
  );
}

/** The page for `map`. */
export function mapPage(map: SweepMap): string {
  const counts = countKinds(map.runs);
  const items = map.runs.map((run): StripItem => ({
    first: run.first,
    last: run.last,
    kind: kindOf(run.record),
    marks: marksOf(run),
  }));
  const details = map.runs.map((run): StripDetail => ({
    first: run.first,
    last: run.last,
    about: KINDS[kindOf(run.record)],
    lines: aspectsOf(run.record),
    ...(kindOf(run.record) === EMPTY && { empty: true }),
  }));
  return renderPage({
    title: "MSRs under KVM",
    about: `${hostText(map)}; swept ${map.made.slice(0, 10)} in ${map.seconds} s`,
    style: stripStyle(COLOURS),
    script: stripScript(),
    data: stripData(details),
    children: (
      <>
        {map.notes.map((note) => <p key={note}>{note}</p>)}
        <Legend
          kinds={[...counts].map(([kind, count]) => [kind, KINDS[kind], count])}
          marks={Object.entries(MARKS).map(([mark, [about]]) => [
            mark,
            about,
            countMarks(map.runs, mark),
          ])}
        />
        <Finder />
        {map.windows.map((window) => (
          <Strip key={windowText(window)} window={window} items={items} />
        ))}
        <LeftOut map={map} />
        <Known runs={map.runs} />
      </>
    ),
  });
}
