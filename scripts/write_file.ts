/**
 * Writing output files whole or not at all.
 *
 * @module
 */

/** Writes `text` beside `path` and moves it there, so that an old file survives a full disk. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${Deno.pid}.tmp`;
  try {
    await Deno.writeTextFile(temporary, text);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}
