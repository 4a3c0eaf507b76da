/**
 * What the report's script shows of a cell, small enough for many thousands of
 * them: what is said more than once is written once and named by its number.
 *
 * @module
 */
import { compareIds } from "../../tests/support/catalogue.ts";
import type { ClauseRecord, ExecutionRecord } from "../results/format.ts";
import type { Finding } from "../results/cells.ts";
import type { Merged } from "../results/merge.ts";
import { type FailureParts, failureParts } from "./failure_text.ts";

/** A run's finding: the numbers of file, time with version, and command, then evidence and time in pairs. */
type FindingNumbers = readonly number[];

/** What an execution came to; the same on many configurations. */
interface Evidence extends Pick<ExecutionRecord, "execution" | "verdict" | "reason" | "deviation"> {
  readonly failure?: FailureParts;
  /** The numbers of the texts of listing and exits. */
  readonly guest?: readonly [listing: number, exits: number];
}

/** A row of the matrix. */
export interface ReportClause extends Pick<ClauseRecord, "id" | "sentence" | "source"> {}

/** What `cells.js` reads. */
export interface CellData {
  readonly clauses: readonly ReportClause[];
  readonly configurations: readonly { readonly name: string; readonly about: string }[];
  readonly texts: readonly string[];
  readonly evidence: readonly Evidence[];
  /** By clause, then by configuration. */
  readonly cells: readonly (readonly (readonly FindingNumbers[])[])[];
}

/** Every clause that was selected anywhere; one that was never decided has no sentence. */
export function clausesOf({ configurations }: Pick<Merged, "configurations">): ReportClause[] {
  const clauses = new Map<string, ReportClause>();
  for (const { selected, cells } of configurations) {
    for (const [id, { findings }] of cells) clauses.set(id, findings[0]!.record);
    for (const id of selected) {
      if (!clauses.has(id)) clauses.set(id, { id, sentence: "", source: "" });
    }
  }
  return [...clauses.values()].toSorted((a, b) => compareIds(a.id, b.id));
}

/** Gives equal values the same number. */
class Numbered<T> {
  readonly values: T[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(value: T): number {
    const key = typeof value === "string" ? value : JSON.stringify(value);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.values.push(value) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}

function evidenceOf(record: ExecutionRecord, texts: Numbered<string>): Evidence {
  const { milliseconds: _, failure, guest, ...rest } = record;
  return {
    ...rest,
    ...(failure !== undefined && { failure: failureParts(failure) }),
    ...(guest !== undefined && {
      guest: [texts.numberOf(guest.listing), texts.numberOf(guest.exits)],
    }),
  };
}

/** The data of all cells, a row for each of `clauses`. */
export function cellData(
  { configurations }: Pick<Merged, "configurations">,
  clauses: readonly ReportClause[],
): CellData {
  const texts = new Numbered<string>();
  const evidence = new Numbered<Evidence>();
  const numbersOf = ({ path, made, trapline, record }: Finding): FindingNumbers => [
    texts.numberOf(path),
    texts.numberOf(trapline === undefined ? made : `${made} by Trapline ${trapline}`),
    texts.numberOf(record.repeat),
    ...record.executions.flatMap((each) => [
      evidence.numberOf(evidenceOf(each, texts)),
      each.milliseconds,
    ]),
  ];
  const cells = clauses.map(({ id }) =>
    configurations.map(({ cells }) => cells.get(id)?.findings.map(numbersOf) ?? [])
  );
  return {
    clauses: clauses.map(({ id, sentence, source }) => ({ id, sentence, source })),
    configurations: configurations.map(({ name, host }) => ({
      name,
      about: host === undefined
        ? ""
        : `Linux ${host.kernel}, ${host.cpu}, ${Object.keys(host.modules).join(", ")}`,
    })),
    texts: texts.values,
    evidence: evidence.values,
    cells,
  };
}
