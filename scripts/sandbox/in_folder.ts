/**
 * Folders for the tests of this room. This file registers no test itself.
 *
 * @module
 */

/** Calls `body` with a new folder, which goes with all that is in it. */
export async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
