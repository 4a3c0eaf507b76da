/**
 * Results as KTAP, the format that the CI systems of the kernel read:
 * `Documentation/dev-tools/ktap.rst`.
 *
 * @module
 */
import type { ClauseRecord, ExecutionRecord } from "../results/format.ts";
import { detailOf, isFailure } from "../results/verdicts.ts";

/** What comes before the first clause of `count`. */
export function ktapHead(count: number): string {
  return `KTAP version 1\n1..${count}\n`;
}

/** What ends a line for some parser could begin a result. */
function onOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "?");
}

/** What is said in the line of the result itself. */
function inResult(text: string | undefined): string {
  return onOneLine((text ?? "").replaceAll(/\s+/g, " ").trim());
}

/** What parsers look for behind the name; a recorded deviation is what kselftest calls XFAIL. */
function directive({ verdict, executions }: ClauseRecord): string {
  const gravest = executions.find((each) => each.verdict === verdict);
  switch (verdict) {
    case "undecided":
      return ` # SKIP ${inResult(gravest?.reason)}`;
    case "known-deviation":
      return ` # XFAIL ${gravest?.deviation?.id}`;
    case "error":
      return ` # ERROR ${inResult(gravest?.failure?.split("\n")[0])}`;
    default:
      return "";
  }
}

/** What an execution has to say, ahead of the result that it belongs to. */
function diagnostics(record: ExecutionRecord): string[] {
  const { execution, verdict, guest } = record;
  if (verdict === "holds" || verdict === "undecided") return [];
  const shown = isFailure(verdict) && guest !== undefined
    ? ["The last guest:", ...guest.listing.split("\n"), ...guest.exits.split("\n")]
    : [];
  return [`${execution}: ${verdict}`, ...(detailOf(record) ?? "").split("\n"), ...shown];
}

/**
 * One clause, the `number`th from 1: its diagnostics, then its one line. That
 * has the id alone for a name, which stays when a sentence is put better.
 */
export function ktapLines(number: number, clause: ClauseRecord): string {
  const { id, sentence, verdict, executions, repeat } = clause;
  const failed = isFailure(verdict);
  const said = [
    sentence,
    ...executions.flatMap(diagnostics),
    ...(failed ? [`To repeat: ${repeat}`] : []),
  ];
  const lines = said.map((line) => `# ${onOneLine(line)}`.trimEnd());
  const result = `${failed ? "not ok" : "ok"} ${number} ${id}${directive(clause)}`.trimEnd();
  return `${[...lines, result].join("\n")}\n`;
}

/** All of it. */
export function toKtap(clauses: readonly ClauseRecord[]): string {
  return ktapHead(clauses.length) + clauses.map((each, i) => ktapLines(i + 1, each)).join("");
}
