/**
 * The result file of a run that goes on: it has what was decided so far, so
 * that a machine that is lost half way loses no more than that.
 *
 * @module
 */
import type { ClauseRecord, VerifyRun } from "../results/format.ts";
import { countVerdicts } from "../results/verdicts.ts";
import { writeResults } from "../results/write.ts";

/** Milliseconds between two writes on the way. */
const PACE_MS = 1000;

/** What is known of a run before its first clause is decided. */
export type RunHead = Omit<VerifyRun, "counts" | "clauses">;

/** Writes a run to `path`, or nothing without one. */
export class RunFile {
  readonly #path: string | undefined;
  readonly #head: RunHead;
  #written = -Infinity;

  /** For the file at `path`, which is not touched yet. */
  constructor(path: string | undefined, head: RunHead) {
    this.#path = path;
    this.#head = head;
  }

  /**
   * Writes what was decided so far, when the last time was a while ago. Without
   * clauses, at the start, it replaces what an earlier run left at the path.
   */
  async keep(clauses: readonly ClauseRecord[]): Promise<void> {
    if (performance.now() - this.#written >= PACE_MS) await this.write(clauses);
  }

  /** The run, with what was decided. */
  runWith(clauses: readonly ClauseRecord[]): VerifyRun {
    return { ...this.#head, counts: countVerdicts(clauses), clauses };
  }

  /** Writes what was decided. */
  async write(clauses: readonly ClauseRecord[]): Promise<void> {
    if (this.#path === undefined) return;
    await writeResults(this.#path, [this.runWith(clauses)]);
    this.#written = performance.now();
  }
}
