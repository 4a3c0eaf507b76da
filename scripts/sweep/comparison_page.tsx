/**
 * The difference between two maps as a page.
 *
 * @module
 */
import type { JSX } from "preact";
import { type Aspect, type Change, type ChangeKind, CHANGES } from "@trapline/trapline/sweep";
import { windowText } from "../../guests/sweep/windows.ts";
import { renderPage } from "../page/shell.tsx";
import { FoldedTable } from "../page/table.tsx";
import { type Comparison, differentNotes } from "./compare_maps.ts";
import { countChanges, hostText, titleOf } from "./comparison_text.ts";
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

const COLOURS: Readonly<Record<ChangeKind, readonly [light: string, dark: string]>> = {
  "appeared": ["#1c9a5b", "#3fc483"],
  "gone": ["#d03b4e", "#ff6b7d"],
  "behaviour": ["#e08a1a", "#f2a541"],
  "value": ["#8e6bd1", "#a98be6"],
  "same": ["#b5bfcc", "#4a5563"],
  "unknown": ["#eceef1", "#242932"],
};

function ChangeTable({ changes }: { readonly changes: readonly Change[] }): JSX.Element {
  if (changes.length === 0) return <p>Nothing differs.</p>;
  return (
    <FoldedTable
      summary="All differences as a table"
      heads={["MSR", "What", "A", "B"]}
      rows={changes.flatMap((change) =>
        change.differences.map(({ what, before, after }) => [titleOf(change), what, before, after])
      )}
    />
  );
}

/** The page for `comparison`. */
export function comparisonPage(comparison: Comparison): string {
  const { before, after, runs, changes, onlyInOne } = comparison;
  const items = runs.map(({ first, last, kind }): StripItem => ({ first, last, kind, marks: [] }));
  const details = runs.map((change): StripDetail => ({
    first: change.first,
    last: change.last,
    about: CHANGES[change.kind],
    lines: [
      ...change.differences.map((
        { what, before, after },
      ): Aspect => [what, `${before} \u2192 ${after}`]),
      ...change.alike.map(([what, how]): Aspect => [what, `${how} (both)`]),
    ],
    ...(change.kind === EMPTY && { empty: true }),
  }));
  return renderPage({
    title: "MSRs under two KVMs",
    about: `A: ${hostText(before)}`,
    style: stripStyle(COLOURS),
    script: stripScript(),
    data: stripData(details),
    children: (
      <>
        <p class="faint">B: {hostText(after)}</p>
        {differentNotes(comparison).map((note) => <p key={note}>{note}</p>)}
        {onlyInOne === 0 ? null : <p>{onlyInOne} MSRs are in one of the maps only.</p>}
        <Legend
          kinds={[...countChanges(runs)].map(([kind, count]) => [kind, CHANGES[kind], count])}
          marks={[]}
        />
        <Finder />
        {before.windows.map((window) => (
          <Strip key={windowText(window)} window={window} items={items} />
        ))}
        <ChangeTable changes={changes} />
      </>
    ),
  });
}
