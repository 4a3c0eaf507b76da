/**
 * Writing output files whole or not at all.
 *
 * @module
 */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { onEndingSignal } from "./ending_signals.ts";
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

/** An output file could not be written; what was there before still is. */
export class WriteError extends Error {
  override readonly name = "WriteError";

  constructor(path: string, cause: Error & { readonly code: string }) {
    const why = REASONS[cause.code] ?? cause.message;
    super(`Cannot write "${path}": ${why}. What was there before is as it was`, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "its disk is full; make room there, or name a file on another disk",
  EDQUOT: "this user's quota is used up; make room, or name a file on another disk",
  EROFS: "its disk is read-only; name a file on another disk",
  EACCES: "this user may not write in its folder; name a file elsewhere",
  EISDIR: "there is a folder of that name; name a file",
};

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

/**
 * Writes `text` beside `path` and moves it there, so that an old file survives
 * a full disk, and a signal leaves neither half a file nor the one beside it.
 *
 * @throws {WriteError} When it cannot be written.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${Deno.pid}.tmp`;
  let end: number | undefined;
  // Put off until the files are in order, which does not take long.
  using _signals = onEndingSignal((_, status) => end = status);
  try {
    await Deno.writeTextFile(temporary, text);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw isSystemError(error) ? new WriteError(path, error) : error;
  } finally {
    if (end !== undefined) Deno.exit(end);
  }
}
