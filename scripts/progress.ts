/**
 * A line of progress for a person who waits.
 *
 * @module
 */
import { StatusLine } from "./status_line.ts";

/** Shows how far a job is, on stderr, and only when that is a terminal. */
export class Progress {
  readonly #line = new StatusLine();
  readonly #what: string;
  readonly #total: number;
  #done = 0;

  /** For a job of `total` steps, which are `what`; `Infinity` when nobody knows how many. */
  constructor(what: string, total: number) {
    this.#what = what;
    this.#total = total;
  }

  /** Another step begins. */
  show(step: string): void {
    this.#done++;
    this.draw(step);
  }

  /** What is done in the steps that have begun. */
  draw(step: string): void {
    const total = Number.isFinite(this.#total) ? ` of ${this.#total}` : "";
    this.#line.draw(`${this.#done}${total} ${this.#what}: ${step}`);
  }

  /** The job is over; the line goes. */
  clear(): void {
    this.#line.clear();
  }
}
