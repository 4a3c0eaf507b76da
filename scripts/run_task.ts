/**
 * The epilogue of every task: what a person reads of an error that is no
 * defect, and the exit status of it.
 *
 * @module
 */
import { KvmUnavailableError } from "../mod.ts";
import { limitText } from "./limits.ts";
import { MisuseError } from "./misuse.ts";
import { asCalled } from "./program.ts";
import { ResultsFileError } from "./results/file_error.ts";
import { WriteError } from "./write_error.ts";

/**
 * Does a task's work and ends the process with the status that it gives: 2, with
 * the usage, for what cannot be asked for, and 1 for a KVM that is not there, a
 * result file that cannot be read, an output file that cannot be written, or a
 * limit of the machine that is too low.
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
    const isTold = [KvmUnavailableError, ResultsFileError, WriteError].some((kind) =>
      error instanceof kind
    );
    const told = error instanceof Error && isTold ? error.message : limitText(error);
    if (told === undefined) throw error;
    console.error(told);
    Deno.exit(1);
  }
}
