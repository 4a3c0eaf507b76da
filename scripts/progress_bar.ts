/**
 * A bar that fills, for a person who waits.
 *
 * @module
 */
import { StatusLine } from "./status_line.ts";

/** Cells of the bar. */
const WIDTH = 30;

/** Milliseconds between two drawings. */
const PACE = 80;

/** One line: the bar, the percentage of `part`, 0 to 1, and what is being done. */
export function barText(step: string, part: number): string {
  const full = Math.floor(part * WIDTH);
  const bar = "#".repeat(full).padEnd(WIDTH, ".");
  return `[${bar}] ${`${Math.floor(part * 100)}`.padStart(3)} %  ${step}`;
}

/** Shows how far a job of many steps is, on stderr, and only when that is a terminal. */
export class ProgressBar {
  readonly #line = new StatusLine();
  #step = "";
  #drawn = 0;

  /** So much of the whole is done, 0 to 1, and a step is at work; drawn when the last drawing was a while ago, or the step is another. */
  show(step: string, part: number): void {
    const now = performance.now();
    if (step === this.#step && now - this.#drawn < PACE) return;
    this.#step = step;
    this.#drawn = now;
    this.#line.draw(barText(step, part));
  }

  /** The job is over; the line goes. */
  clear(): void {
    this.#line.clear();
  }
}
