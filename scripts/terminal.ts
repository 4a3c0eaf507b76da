/**
 * Colour and line width for what a script prints.
 *
 * @module
 */

/** Ways to set text apart. */
export interface Paint {
  /** A heading. */
  bold(text: string): string;
  /** What matters less. */
  dim(text: string): string;
  /** What is wrong. */
  red(text: string): string;
  /** What is right. */
  green(text: string): string;
  /** What is limited. */
  yellow(text: string): string;
}

/** Columns that a script's lines keep to. */
export const COLUMNS = 100;

/** Where text goes, as far as colour is concerned. */
export interface Output {
  /** Whether `NO_COLOR` is set to something; by default as it is for this process. */
  readonly noColor?: boolean;
  /** Whether a terminal shows it; by default whether stdout is one. */
  readonly isTerminal?: boolean;
}

/** Paints for `output`: with escape codes on a terminal without `NO_COLOR`, else not at all. */
export function paintFor(
  { noColor = Deno.noColor, isTerminal = Deno.stdout.isTerminal() }: Output = {},
): Paint {
  const on = isTerminal && !noColor;
  const style = (start: number, end: number) => (text: string): string =>
    on ? `\x1b[${start}m${text}\x1b[${end}m` : text;
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
  };
}

/** Breaks `text` between words into lines of at most `width` columns; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && longer.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
