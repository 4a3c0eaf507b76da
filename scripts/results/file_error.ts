/**
 * The error of a result file that cannot be read.
 *
 * @module
 */

/** A file that is no result file of this version; the message names the file and the place. */
export class ResultsFileError extends Error {
  /** The class, by name. */
  override readonly name = "ResultsFileError";
  /** The file. */
  readonly path: string;

  /** Builds the error from what is wrong with the file at `path`. */
  constructor(path: string, fault: string) {
    super(`Cannot read the results in "${path}": ${fault}`);
    this.path = path;
  }
}
