/**
 * The epilogue of every task: what a person reads of an error that is no
 * defect, and the exit status of it.
 *
 * @module
 */
import { KvmUnavailableError } from "../mod.ts";
import { MisuseError } from "./misuse.ts";
import { asCalled } from "./program.ts";
import { ResultsFileError } from "./results/file_error.ts";

/**
 * Does a task's work and ends the process with the status that it gives: 2, with
 * the usage, for what cannot be asked for, and 1 for a KVM that is not there, or a
 * result file that cannot be read.
 */
export async function runTask(
  usage: string,
  work: () => number | Promise<number>,
): Promise<void> {
  try {
    // Not left to the event loop: a worker that hangs must not keep a task that is done.
    Deno.exit(await work());
  } catch (error) {
    if (error instanceof MisuseError) {
      console.error(`${error.message}\n\n${asCalled(usage)}`);
      Deno.exit(2);
    }
    if (!(error instanceof KvmUnavailableError || error instanceof ResultsFileError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
