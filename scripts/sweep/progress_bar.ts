/**
 * A bar that fills, for a person who waits.
 *
 * @module
 */

const encoder = new TextEncoder();

/** Cells of the bar. */
const WIDTH = 30;

/** Milliseconds between two drawings. */
const PACE = 80;

/** One line: the bar, the percentage, and what is being done. */
export function barText(step: string, done: number, total: number): string {
  const part = total === 0 ? 1 : done / total;
  const full = Math.floor(part * WIDTH);
  const bar = "#".repeat(full).padEnd(WIDTH, ".");
  return `[${bar}] ${`${Math.floor(part * 100)}`.padStart(3)} %  ${step}`;
}

/** Shows how far the steps of a job are, on stderr, and only when that is a terminal. */
export class ProgressBar {
  readonly #shown: boolean = Deno.stderr.isTerminal();
  #step = "";
  #drawn = 0;

  /** A step is so far; drawn when the last drawing was a while ago, or the step is another. */
  show(step: string, done: number, total: number): void {
    const now = performance.now();
    if (step === this.#step && now - this.#drawn < PACE) return;
    this.#step = step;
    this.#drawn = now;
    this.#write(`\r\x1b[K${barText(step, done, total)}`);
  }

  /** The job is over; the line goes. */
  clear(): void {
    this.#write("\r\x1b[K");
  }

  #write(text: string): void {
    if (this.#shown) Deno.stderr.writeSync(encoder.encode(text));
  }
}
