/**
 * The temporary directory of one run. Those of runs that were killed before
 * they could remove theirs are removed by the next run.
 *
 * @module
 */
import { join } from "node:path";

const PREFIX = "trapline-sandbox-";
const LOCK = "lock";

/** A directory that is removed when this is disposed of. */
export interface RunDirectory extends AsyncDisposable {
  readonly path: string;
}

/** Where the directories of runs are. */
export function temporaryFolder(): string {
  return Deno.env.get("TMPDIR") || "/tmp";
}

/** Removes what killed runs left in `folder`. */
export async function removeLeftovers(folder: string = temporaryFolder()): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory || !name.startsWith(PREFIX)) continue;
    const path = join(folder, name);
    try {
      using lock = await Deno.open(join(path, LOCK), { write: true });
      if (!(await lock.tryLock(true))) continue;
      await Deno.remove(path, { recursive: true });
    } catch (error) {
      const others = error instanceof Deno.errors.PermissionDenied;
      if (!others && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/**
 * Makes the directory of a run.
 *
 * @param keep leaves it there afterwards.
 */
export async function makeRunDirectory(
  keep: boolean,
  folder: string = temporaryFolder(),
): Promise<RunDirectory> {
  const path = await Deno.makeTempDir({ dir: folder, prefix: PREFIX });
  const lock = await Deno.open(join(path, LOCK), { create: true, write: true });
  await lock.lock(true);
  return {
    path,
    async [Symbol.asyncDispose]() {
      if (keep) await Deno.remove(join(path, LOCK));
      else await Deno.remove(path, { recursive: true });
      lock.close();
    },
  };
}
