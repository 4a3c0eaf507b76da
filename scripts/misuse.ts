/**
 * The error of a command line that cannot be done.
 *
 * @module
 */

/** What was asked for does not exist, or cannot be; the exit status is 2. */
export class MisuseError extends TypeError {
  override readonly name = "MisuseError";
}
