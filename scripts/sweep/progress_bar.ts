/**
 * A bar that fills, for a person who waits.
 *
 * @module
 */
import { StatusLine } from "../status_line.ts";

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
  readonly #line = new StatusLine();
  #step = "";
  #drawn = 0;

  /** A step is so far; drawn when the last drawing was a while ago, or the step is another. */
  show(step: string, done: number, total: number): void {
    const now = performance.now();
    if (step === this.#step && now - this.#drawn < PACE) return;
    this.#step = step;
    this.#drawn = now;
    this.#line.draw(barText(step, done, total));
  }

  /** The job is over; the line goes. */
  clear(): void {
    this.#line.clear();
  }
}
