/**
 * Putting the results of a sandbox where they belong, each file whole or not
 * at all.
 *
 * @module
 */
import { join } from "node:path";
import { MissingError } from "./missing.ts";
import { bytesOf } from "./program.ts";

/** Moves what is below `from` to the same places below `to`, over old files there. */
async function moveBelow(from: string, to: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) {
      await Deno.mkdir(target, { recursive: true });
      await moveBelow(source, target);
    } else await Deno.rename(source, target);
  }
}

/**
 * Unpacks the archive into `target`.
 *
 * @throws {MissingError} When this user may not write there.
 * @throws {ProgramError} When there is no room; what was there before is as it was.
 */
export async function unpackResults(archive: string, target: string): Promise<void> {
  // Beside the results, for a file can be moved on its own disk alone.
  const stage = await Deno.makeTempDir({ dir: target, prefix: ".trapline-results-" })
    .catch((error: unknown) => {
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      throw new MissingError(
        `Cannot bring the results to ${target}: this user may not write there`,
      );
    });
  try {
    const args = ["--extract", `--file=${archive}`, "--no-same-owner", `--directory=${stage}`];
    await bytesOf("tar", args, { what: `unpack the results in ${target}` });
    await moveBelow(stage, target);
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}
