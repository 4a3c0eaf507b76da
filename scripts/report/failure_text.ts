/**
 * The parts of what a failed test says, as `GuestAssertionError`,
 * `Session.describe()` and the assertions of `@std/assert` write it.
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";
import { type Difference, differenceIn } from "./difference_text.ts";

/** The text in parts; what it does not have is left out. */
export interface FailureParts {
  /** What was wanted, where the text says it. */
  readonly wanted?: string;
  /** What was got instead. */
  readonly got?: string;
  /** What is said beside that, before the guest is shown. */
  readonly text?: string;
  /** The head of the code: the mode, and RIP or that the guest came to its end. */
  readonly where?: string;
  /** The code around RIP, or the whole program; and the fault if there was one. */
  readonly code?: string;
  /** The registers. */
  readonly registers?: string;
  /** The exits so far, with their answers. */
  readonly exits?: string;
}

const FIRST_LINE = /^Wanted (.*), got (.*)$/;
const GUEST = /^Guest \(.+ mode\) (?:around RIP 0x[\da-f]+|came to its end):$/;
const SECTIONS = new RegExp(`${GUEST.source}|^Registers:$|^Exits so far:$|^To repeat: `);

/** The text without blank lines around it; its first line keeps its indent. */
function part(name: keyof FailureParts, lines: readonly string[]): FailureParts {
  const text = lines.join("\n").replace(/^(?:\s*\n)+/, "").trimEnd();
  return text === "" ? {} : { [name]: text };
}

function differenceOf(head: readonly string[]): Difference | undefined {
  const [, wanted, got] = FIRST_LINE.exec(head[0]!) ?? [];
  if (wanted === undefined) return differenceIn(head);
  return { wanted, got: got!, rest: head.slice(1) };
}

/** Takes `text` apart. */
export function failureParts(text: string): FailureParts {
  const lines = stripVTControlCharacters(text).split("\n");
  const starts = lines.flatMap((line, i) => SECTIONS.test(line) ? [i] : []);
  const section = (start: RegExp): readonly string[] => {
    const at = starts.findIndex((i) => start.test(lines[i]!));
    return at < 0 ? [] : lines.slice(starts[at]! + 1, starts[at + 1]);
  };
  const head = lines.slice(0, starts[0]);
  const difference = differenceOf(head);
  const where = lines.find((line) => GUEST.test(line));
  return {
    ...(difference !== undefined && { wanted: difference.wanted, got: difference.got }),
    ...part("text", difference?.rest ?? head),
    ...(where !== undefined && { where: where.replace(/:$/, "") }),
    ...part("code", section(GUEST)),
    ...part("registers", section(/^Registers/)),
    ...part("exits", section(/^Exits/)),
  };
}
