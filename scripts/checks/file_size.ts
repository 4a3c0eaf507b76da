/**
 * Checks that no file has become a drawer.
 *
 * @module
 */

/** The most lines a file may have. */
export const MAX_LINES = 300;

/** What is wrong with the length of the file at `path`. */
export function sizeFaults(path: string, source: string): string[] {
  const lines = source.split("\n").length - 1;
  return lines > MAX_LINES ? [`${path}: has ${lines} lines, at most ${MAX_LINES} are wanted`] : [];
}
