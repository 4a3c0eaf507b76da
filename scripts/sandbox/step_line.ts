/**
 * The step that a sandbox is at, for a person who waits: a line on stderr that
 * goes when the command prints something. Where stderr is no terminal, only
 * what takes long is said, a line each.
 *
 * @module
 */

const encoder = new TextEncoder();

/** Shows one step at a time. */
export class StepLine {
  readonly #isTerminal: boolean = Deno.stderr.isTerminal();
  #shown = false;

  /** A step begins. */
  show(step: string): void {
    if (this.#isTerminal) this.#write(`\r\x1b[K${step}`);
    else if (step.startsWith("fetching")) this.#write(`${step}\n`);
    this.#shown = this.#isTerminal;
  }

  /** The line goes. */
  clear(): void {
    if (this.#shown) this.#write("\r\x1b[K");
    this.#shown = false;
  }

  #write(text: string): void {
    Deno.stderr.writeSync(encoder.encode(text));
  }
}
