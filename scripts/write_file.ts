/**
 * Writing output files whole or not at all.
 *
 * @module
 */

import { statSync } from "node:fs";
import { dirname } from "node:path";
import { MisuseError } from "./misuse.ts";

/**
 * Makes sure that the files at `paths` can be put where they belong, before the
 * work whose results they are to hold.
 *
 * @throws {MisuseError} When the folder of one of them is not there.
 */
export function requireFolderOf(...paths: readonly (string | undefined)[]): void {
  for (const path of paths) {
    if (path === undefined) continue;
    const folder = dirname(path);
    const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
    if (!isFolder) throw new MisuseError(`Cannot write "${path}": there is no folder "${folder}"`);
  }
}

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
