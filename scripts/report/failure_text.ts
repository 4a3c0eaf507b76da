/**
 * The parts of what a failed test says, as `GuestAssertionError` and
 * `Session.describe()` write it.
 *
 * @module
 */

/** The text in parts; what it does not have is left out. */
export interface FailureParts {
  /** What was wanted, where the first line says it. */
  readonly wanted?: string;
  /** What was got instead. */
  readonly got?: string;
  /** What is said beside that, before the guest is shown. */
  readonly text?: string;
  /** The head of the code: the mode and RIP. */
  readonly where?: string;
  /** The code around RIP, and the fault if there was one. */
  readonly code?: string;
  /** The registers. */
  readonly registers?: string;
  /** The exits so far, with their answers. */
  readonly exits?: string;
}

const FIRST_LINE = /^Wanted (.*), got (.*)$/;
const SECTIONS = /^(Guest \(.*\) around RIP .*|Registers|Exits so far|To repeat:.*):?$/;

function part(name: keyof FailureParts, lines: readonly string[]): FailureParts {
  const text = lines.join("\n").trimEnd();
  return text === "" ? {} : { [name]: text };
}

/** Takes `text` apart. */
export function failureParts(text: string): FailureParts {
  const lines = text.split("\n");
  const starts = lines.flatMap((line, i) => SECTIONS.test(line) ? [i] : []);
  const section = (start: RegExp): readonly string[] => {
    const at = starts.findIndex((i) => start.test(lines[i]!));
    return at < 0 ? [] : lines.slice(starts[at]! + 1, starts[at + 1]);
  };
  const head = lines.slice(0, starts[0]);
  const [, wanted, got] = FIRST_LINE.exec(head[0]!) ?? [];
  const where = lines.find((line) => line.startsWith("Guest ("));
  return {
    ...(wanted !== undefined && { wanted, got: got! }),
    ...part("text", wanted === undefined ? head : head.slice(1)),
    ...(where !== undefined && { where: where.replace(/:$/, "") }),
    ...part("code", section(/^Guest/)),
    ...part("registers", section(/^Registers/)),
    ...part("exits", section(/^Exits/)),
  };
}
