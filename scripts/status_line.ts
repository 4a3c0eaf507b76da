/**
 * One line that says what is going on, for a person who waits.
 *
 * @module
 */

const encoder = new TextEncoder();

/** A line on stderr that is drawn over and over, and only when that is a terminal. */
export class StatusLine {
  readonly #shown: boolean = Deno.stderr.isTerminal();
  #isDrawn = false;

  /** Puts `text` in place of what was drawn before. */
  draw(text: string): void {
    if (!this.#shown) return;
    this.#write(`\r\x1b[K${text}`);
    this.#isDrawn = true;
  }

  /** The line goes, to make room for output; nothing else is touched. */
  clear(): void {
    if (this.#isDrawn) this.#write("\r\x1b[K");
    this.#isDrawn = false;
  }

  #write(text: string): void {
    Deno.stderr.writeSync(encoder.encode(text));
  }
}
