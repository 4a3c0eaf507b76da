/**
 * The temporary directory of one run. Those of runs that were killed before
 * they could remove theirs are removed by the next run.
 *
 * @module
 */
import { join } from "node:path";
import { intruderOf } from "../../tests/support/private_folder.ts";
import { MissingError } from "./missing.ts";

const PREFIX = "trapline-sandbox-";
const LOCK = "lock";
const UNLOCKED = "unlocked";

/** A directory that is removed when this is disposed of. */
export interface RunDirectory extends AsyncDisposable {
  readonly path: string;
}

/** Where the directories of runs are. */
export function temporaryFolder(): string {
  return Deno.env.get("TMPDIR") || "/tmp";
}

async function removeLeftover(path: string): Promise<void> {
  using lock = await Deno.open(join(path, LOCK), { write: true });
  if (await lock.tryLock(true)) await Deno.remove(path, { recursive: true });
}

/** Removes what killed runs left in `folder`, as far as this user may. */
export async function removeLeftovers(folder: string = temporaryFolder()): Promise<void> {
  const ignoreOthers = (error: unknown): void => {
    const isOfOthers = error instanceof Deno.errors.PermissionDenied;
    if (!isOfOthers && !(error instanceof Deno.errors.NotFound)) throw error;
  };
  const names = await Array.fromAsync(Deno.readDir(folder)).catch(ignoreOthers) ?? [];
  for (const { name, isDirectory } of names) {
    if (!isDirectory || !name.startsWith(PREFIX)) continue;
    await removeLeftover(join(folder, name)).catch(ignoreOthers);
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
  const path = await Deno.makeTempDir({ dir: folder, prefix: PREFIX }).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new MissingError(`Cannot work in ${folder}: this user may not write there; set TMPDIR`);
  });
  const intruder = intruderOf(path, (await Deno.stat(path)).uid!);
  if (intruder !== undefined) {
    await Deno.remove(path);
    throw new MissingError(`Cannot work in ${folder}: ${intruder}; set TMPDIR`);
  }
  const lock = await Deno.open(join(path, UNLOCKED), { create: true, write: true });
  await lock.lock(true);
  // Only now: a lock that nobody holds is what a killed run left.
  await Deno.rename(join(path, UNLOCKED), join(path, LOCK));
  return {
    path,
    async [Symbol.asyncDispose]() {
      if (keep) await Deno.remove(join(path, LOCK));
      else await Deno.remove(path, { recursive: true });
      lock.close();
    },
  };
}
