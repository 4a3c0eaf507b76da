/**
 * The result file of a run that goes on: what was decided so far is on the
 * disk, so that a machine that is lost half way loses no more than the rest.
 *
 * @module
 */
import { format, parse } from "node:path";
import { placeOf } from "../output_place.ts";
import { WriteError } from "../write_error.ts";
import type { Run } from "./format.ts";
import { writeResults } from "./write.ts";

/** What the help of a task says of where its results are while it runs. */
export const KEPT_HELP =
  `While it runs, the file of --json has what was decided so far. One that was there before stays as it
is until the end, and the running results are beside it: in out.partial.json for out.json.`;

/** Where results are until they are complete, if there is a file at `path` already. */
export function partialOf(path: string): string {
  const { dir, name, ext } = parse(path);
  return format({ dir, name: `${name}.partial`, ext });
}

/** Writes results to a file, or nothing without one. */
export class KeptFile {
  readonly #path: string | undefined;
  readonly #pace: number;
  /** Where to write on the way; a device or a FIFO takes results once. */
  readonly #onTheWay: string | undefined;
  #written = -Infinity;
  #hasComplained = false;
  #last: Promise<void> = Promise.resolve();

  /**
   * For the file at `path`, which is not touched yet.
   *
   * @param pace Milliseconds between two writes on the way.
   */
  constructor(path: string | undefined, pace: number) {
    this.#path = path;
    this.#pace = pace;
    if (path === undefined) return;
    const place = placeOf(path);
    if (place.kind !== "file") return;
    this.#onTheWay = place.mode === undefined ? path : partialOf(path);
  }

  /**
   * Writes what was decided so far, when the last time was a while ago. An old
   * file stays; that it cannot be written is said once, and changes nothing.
   */
  async keep(runs: () => readonly Run[]): Promise<void> {
    if (performance.now() - this.#written < this.#pace) return;
    const path = this.#onTheWay;
    if (path === undefined) return;
    // One after the other, so that the newest stays.
    this.#last = this.#last.then(() => this.#writeOnTheWay(path, runs()));
    await this.#last;
    this.#written = performance.now();
  }

  async #writeOnTheWay(path: string, runs: readonly Run[]): Promise<void> {
    try {
      await writeResults(path, runs);
    } catch (error) {
      if (!(error instanceof WriteError)) throw error;
      if (!this.#hasComplained) console.error(`${error.message}. The run goes on`);
      this.#hasComplained = true;
    }
  }

  /**
   * Writes all that was decided, in the place of an old file.
   *
   * @throws {WriteError} When it cannot be written; what was kept on the way stays.
   */
  async write(runs: readonly Run[]): Promise<void> {
    if (this.#path === undefined) return;
    await this.#last;
    await writeResults(this.#path, runs);
    const partial = this.#onTheWay;
    if (partial === undefined || partial === this.#path) return;
    await Deno.remove(partial).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}
