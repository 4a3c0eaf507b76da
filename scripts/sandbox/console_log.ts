/**
 * What the kernel and the first process of a sandbox say on the console.
 *
 * @module
 */

const KEPT_LINES = 200;
const SHOWN_LINES = 25;

// Colours and cursor movements of firmware and boot loaders (ECMA-48), and other control characters.
// deno-lint-ignore no-control-regex
const CONTROL = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])|[\0-\x08\x0b-\x1f\x7f]/g;

const PANIC = /Kernel panic - not syncing: (.*)/;
const FAILED = /trapline: \S+ s: failed: (.*)/;
// "blk_update_request: " before it in 5.10.
const LOST_WRITE = /(I\/O error, dev [vs]d\w, .*\(WRITE\).*)/;
const READY = /trapline: \S+ s: ready$/;

/** The last lines of a console, and what they mean. */
export class ConsoleLog {
  readonly #decoder = new TextDecoder();
  readonly #ready = Promise.withResolvers<void>();
  #lines: string[] = [];
  #rest = "";
  #panic: string | undefined;
  #failure: string | undefined;
  #lostWrite: string | undefined;

  /** Resolves when the command is about to start. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** What the kernel panicked about, if it did. */
  get panic(): string | undefined {
    return this.#panic;
  }

  /** What the first process could not do, if it said so. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** What the kernel said of the first write to a disk that failed, if one did. */
  get lostWrite(): string | undefined {
    return this.#lostWrite;
  }

  /** The last lines, as they are shown to a person. */
  get lastLines(): readonly string[] {
    const rest = this.#rest.replaceAll(CONTROL, "");
    return [...this.#lines, ...(rest === "" ? [] : [rest])].slice(-SHOWN_LINES);
  }

  /** Takes in what came from the console. */
  add(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#addLine(line.replaceAll(CONTROL, ""));
  }

  #addLine(line: string): void {
    this.#panic ??= PANIC.exec(line)?.[1];
    this.#failure ??= FAILED.exec(line)?.[1];
    this.#lostWrite ??= LOST_WRITE.exec(line)?.[1];
    if (READY.test(line)) this.#ready.resolve();
    if (line.trim() === "") return;
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines = this.#lines.slice(-SHOWN_LINES);
  }
}
