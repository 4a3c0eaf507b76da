/**
 * A line of progress for a person who waits.
 *
 * @module
 */

const encoder = new TextEncoder();

/** Shows how far a job is, on stderr, and only when that is a terminal. */
export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #shown: boolean = Deno.stderr.isTerminal();
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
    this.#write(`\r\x1b[K${this.#done}${total} ${this.#what}: ${step}`);
  }

  /** The job is over; the line goes. */
  clear(): void {
    this.#write("\r\x1b[K");
  }

  #write(text: string): void {
    if (this.#shown) Deno.stderr.writeSync(encoder.encode(text));
  }
}
