/**
 * The report: many results as one page that needs nothing else.
 *
 * @module
 */
import { renderPage } from "../page/shell.tsx";
import type { Merged } from "../results/merge.ts";
import { cellData, clausesOf } from "./cell_data.ts";
import { Attention, Background } from "./findings.tsx";
import { Matrix } from "./matrix.tsx";
import { PRINT_STYLE } from "./print_style.ts";
import { SCREEN_STYLE } from "./style.ts";
import { totalCounts } from "./headline.ts";
import { Summary } from "./summary.tsx";

function dates({ configurations, searches }: Merged): string {
  const found = configurations.flatMap(({ cells, died }) => [
    ...[...cells.values()].flatMap(({ findings }) => findings),
    ...died,
  ]);
  const days = [...found, ...searches].map(({ made }) => made.slice(0, 10)).sort();
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined) return "no runs";
  return first === last ? `run on ${first}` : `run from ${first} to ${last}`;
}

const SCRIPTS = ["filters.js", "cells.js"];

/** The page for `merged`. */
export function reportPage(merged: Merged): string {
  const { configurations } = merged;
  const clauses = clausesOf(merged);
  const ids = clauses.map(({ id }) => id);
  const counts = totalCounts(configurations, ids);
  const names = configurations.map(({ name }) => name);
  const where = names.length > 4 ? `${names.slice(0, 3).join(", ")} and others` : names.join(", ");
  return renderPage({
    title: "What KVM keeps of its promises about MSR filtering",
    about: [where, dates(merged)].filter((text) => text !== "").join("; "),
    style: SCREEN_STYLE + PRINT_STYLE,
    script: SCRIPTS.map((name) => Deno.readTextFileSync(new URL(name, import.meta.url))).join("\n"),
    data: cellData(merged, clauses),
    children: (
      <>
        <Summary merged={merged} ids={ids} counts={counts} />
        <Attention configurations={configurations} ids={ids} />
        {clauses.length === 0
          ? null
          : <Matrix clauses={clauses} configurations={configurations} counts={counts} />}
        <Background merged={merged} ids={ids} />
        <aside id="details" aria-label="Details of a cell" tabIndex={-1} hidden />
      </>
    ),
  });
}
