/**
 * The two sides of what an assertion of equality says, as `@std/assert` writes
 * it and as its stand-in does where JSR cannot be reached.
 *
 * @module
 */

/** The two sides, and the lines that are on neither. */
export interface Difference {
  /** What was wanted. */
  readonly wanted: string;
  /** What was got instead. */
  readonly got: string;
  /** What the test said itself, before. */
  readonly rest: readonly string[];
}

/** A form of words: where the sides begin, and which sign is before the lines of each. */
interface Form {
  /** The last line before the sides; its group is what stands before them in it. */
  readonly head: RegExp;
  /** How many characters stand before each line. */
  readonly indent: number;
  /** The sign of what was wanted. */
  readonly wanted: "+" | "-";
}

const FORMS: readonly Form[] = [
  // The stand-in, over node:assert.
  { head: /^(?:(.*): )?got \(\+\), wanted \(-\):$/, indent: 2, wanted: "-" },
  // JSR's own, whose signs are the other way round.
  { head: /^()\s*\[Diff\] Actual \/ Expected$/, indent: 4, wanted: "+" },
];

/** What is below a line, and is no side: node's mark under the first character that differs. */
const MARK = /^\s*\^$/;

/** Two short values, on one line. */
const SHORT = /^(?:(.*): )?got !== wanted:$/;

/** What JSR's own says before what the test says. */
const PREAMBLE = /^Values are not (?:strictly )?equal(?:\.$|: )/;

/** The lines of one side, which are its own and those of both. */
function side(lines: readonly string[], sign: string, indent: number): string {
  return lines.filter((line) => line.startsWith(sign) || !/^[+-]/.test(line))
    .map((line) => line.startsWith(sign) || line.startsWith(" ") ? line.slice(indent) : line)
    .join("\n").trim();
}

/** What the test said before the sides. */
function before(lines: readonly string[], at: number, own: string | undefined): string[] {
  const all = [...lines.slice(0, at), ...(own === undefined || own === "" ? [] : [own])];
  return [...all.slice(0, 1).map((line) => line.replace(PREAMBLE, "")), ...all.slice(1)];
}

/** The sides that `lines` tell apart, if they do. */
export function differenceIn(lines: readonly string[]): Difference | undefined {
  const short = lines.findIndex((line) => SHORT.test(line));
  if (short >= 0) {
    const values = lines.slice(short + 1).join("\n").trim().split(" !== ");
    // A value that holds the sign itself cannot be told from its neighbour.
    if (values.length !== 2) return undefined;
    const rest = before(lines, short, SHORT.exec(lines[short]!)![1]);
    return { wanted: values[1]!, got: values[0]!, rest };
  }
  for (const { head, indent, wanted } of FORMS) {
    const at = lines.findIndex((line) => head.test(line));
    if (at < 0) continue;
    const sides = lines.slice(at + 1).filter((line) => !MARK.test(line));
    const rest = before(lines, at, head.exec(lines[at]!)![1]);
    const got = wanted === "+" ? "-" : "+";
    return { wanted: side(sides, wanted, indent), got: side(sides, got, indent), rest };
  }
  return undefined;
}
