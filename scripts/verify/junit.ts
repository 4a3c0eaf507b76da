/**
 * Results as JUnit XML, the format that CI systems read.
 *
 * @module
 */
import { chapterOf } from "../../tests/support/catalogue.ts";
import { testName } from "../../tests/support/clause.ts";
import type { ClauseRecord, ExecutionRecord } from "../results/format.ts";
import { detailOf, isFailure } from "../results/verdicts.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** What XML 1.0 has no way to write: most control characters, halves of pairs, U+FFFE and U+FFFF. */
const UNWRITABLE = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

function escape(text: string): string {
  return text
    .replaceAll(/[&<>"]/g, (character) => ESCAPES[character]!)
    .replaceAll(UNWRITABLE, "?");
}

function testCase(clause: ClauseRecord, record: ExecutionRecord): string {
  const { execution, verdict, milliseconds } = record;
  const head = `    <testcase classname="${escape(chapterOf(clause.id[0]!))}" ` +
    `name="${escape(testName(clause, execution))}" time="${(milliseconds / 1000).toFixed(3)}"`;
  const detail = detailOf(record);
  if (detail === undefined) return `${head}/>`;
  const firstLine = escape(detail.split("\n")[0]!);
  const inner = verdict === "undecided"
    ? `<skipped message="${firstLine}"/>`
    : isFailure(verdict)
    ? `<failure type="${verdict}" message="${firstLine}">${escape(detail)}</failure>`
    : `<system-out>${escape(`${verdict}: ${detail}`)}</system-out>`;
  return `${head}>${inner}</testcase>`;
}

/** `results` as one test suite, with a case for each execution of a clause. */
export function toJunit(results: readonly ClauseRecord[]): string {
  const cases = results.flatMap(({ executions }) => executions);
  const failures = cases.filter(({ verdict }) => isFailure(verdict)).length;
  const skipped = cases.filter(({ verdict }) => verdict === "undecided").length;
  const seconds = cases.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000;
  const totals = `tests="${cases.length}" failures="${failures}" errors="0" ` +
    `skipped="${skipped}" time="${seconds.toFixed(3)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="trapline verify" ${totals}>`,
    `  <testsuite name="clauses" ${totals}>`,
    ...results.flatMap((clause) =>
      clause.executions.map((execution) => testCase(clause, execution))
    ),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}
