/**
 * The results of `verify` as text for a person.
 *
 * @module
 */
import { chapterOf } from "../../tests/support/catalogue.ts";
import type { ClauseRecord, ExecutionRecord, VerdictKind } from "../results/format.ts";
import { countVerdicts, detailOfClause, isFailure, VERDICTS } from "../results/verdicts.ts";
import type { Paint } from "../terminal.ts";

const LABEL: Readonly<Record<VerdictKind, string>> = {
  "holds": "holds",
  "known-deviation": "known deviation",
  "deviates": "DEVIATES",
  "deviation-gone": "DEVIATION GONE",
  "error": "ERROR",
  "undecided": "undecided",
};

const WIDTH = Math.max(...Object.values(LABEL).map((label) => label.length));

function indent(text: string): string {
  return text.split("\n").map((line) => `      ${line}`.trimEnd()).join("\n");
}

/** The last guest of the first execution that failed, unless the failure shows one itself. */
function lastGuest(executions: readonly ExecutionRecord[]): string[] {
  const { failure, guest } = executions.find(({ verdict }) => isFailure(verdict)) ?? {};
  if (guest === undefined || failure?.includes("\nGuest (")) return [];
  return ["The last guest:", indent(guest.listing), "Its exits:", indent(guest.exits)];
}

/**
 * One clause with its verdict, and below it what there is to say of the
 * executions; the last line of a failure is the command that repeats it.
 */
export function resultLines(result: ClauseRecord, paint: Paint): string {
  const { id, sentence, verdict: kind, repeat, executions } = result;
  const set = kind === "holds" ? paint.green : isFailure(kind) ? paint.red : paint.yellow;
  const line = `  ${set(LABEL[kind].padEnd(WIDTH))}  ${id}  ${sentence}`;
  const detail = detailOfClause(result);
  if (detail === undefined) return line;
  const more = isFailure(kind) ? [...lastGuest(executions), `To repeat: ${repeat}`] : [];
  return [line, ...[detail, ...more].map(indent)].join("\n");
}

/** Prints results as they come, in the order of their ids, under the chapters of the promises. */
export class Report {
  readonly #paint: Paint;
  readonly #print: (text: string) => void;
  #chapter: string | undefined;

  /** Prints with `print`, which is given lines without their ends. */
  constructor(paint: Paint, print: (text: string) => void) {
    this.#paint = paint;
    this.#print = print;
  }

  /** Prints one result. */
  add(result: ClauseRecord): void {
    const chapter = result.id[0]!;
    if (chapter !== this.#chapter) {
      if (this.#chapter !== undefined) this.#print("");
      this.#print(this.#paint.bold(`${chapter}  ${chapterOf(chapter)}`));
      this.#chapter = chapter;
    }
    this.#print(resultLines(result, this.#paint));
  }
}

/** The line of totals. */
export function summaryText(results: readonly ClauseRecord[], seconds: number): string {
  const counts = countVerdicts(results);
  const parts = VERDICTS.filter((kind) => kind === "holds" || counts[kind] > 0)
    .map((kind) => `${counts[kind]} ${LABEL[kind].toLowerCase()}`);
  return `${results.length} clauses: ${parts.join(", ")} (${seconds.toFixed(1)} s)`;
}

/** How many clauses were decided under forced emulation too, or why none was. */
export function executionsText(
  results: readonly ClauseRecord[],
  obstacle: string | undefined,
): string {
  if (obstacle !== undefined) return `Executed natively alone: ${obstacle}`;
  const both = results.filter(({ executions }) => executions.length > 1).length;
  const others = both === results.length ? "" : ", the others natively alone";
  return `${both} of ${results.length} executed natively and by forced emulation${others}`;
}
