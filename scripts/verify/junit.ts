/**
 * Results as JUnit XML, the format that CI systems read.
 *
 * @module
 */
import { sourceOf } from "../../tests/support/clause.ts";
import { countVerdicts, detailOf, isFailure, type Result } from "./results.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escape(text: string): string {
  return text
    .replaceAll(/[&<>"]/g, (character) => ESCAPES[character]!)
    // XML 1.0 has no way to write the other control characters.
    // deno-lint-ignore no-control-regex
    .replaceAll(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "?");
}

function testCase({ clause, verdict, milliseconds }: Result): string {
  const head = `    <testcase classname="${escape(sourceOf(clause.id))}" ` +
    `name="${escape(`${clause.id} ${clause.sentence}`)}" time="${
      (milliseconds / 1000).toFixed(3)
    }"`;
  const detail = detailOf(verdict);
  if (detail === undefined) return `${head}/>`;
  const firstLine = escape(detail.split("\n")[0]!);
  const inner = verdict.kind === "undecided"
    ? `<skipped message="${firstLine}"/>`
    : isFailure(verdict.kind)
    ? `<failure type="${verdict.kind}" message="${firstLine}">${escape(detail)}</failure>`
    : `<system-out>${escape(`${verdict.kind}: ${detail}`)}</system-out>`;
  return `${head}>${inner}</testcase>`;
}

/** `results` as one test suite. */
export function toJunit(results: readonly Result[]): string {
  const counts = countVerdicts(results);
  const failures = results.filter(({ verdict }) => isFailure(verdict.kind)).length;
  const seconds = results.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000;
  const totals = `tests="${results.length}" failures="${failures}" errors="0" ` +
    `skipped="${counts.undecided}" time="${seconds.toFixed(3)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="trapline verify" ${totals}>`,
    `  <testsuite name="clauses" ${totals}>`,
    ...results.map(testCase),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}
