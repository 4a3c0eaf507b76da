/**
 * The sandbox's own cache of unpacked packages, kernels and disk images. An
 * entry is there whole or not at all, several processes may use it at once, and
 * one that is in use is not removed. One that was damaged is made anew.
 *
 * @module
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { intruderOf } from "../../tests/support/private_folder.ts";
import { damageIn, recordContents } from "./cache_contents.ts";
import { MissingError } from "./missing.ts";

// One who fills an entry, or removes it, locks the first; everyone who uses it shares the second.
const FILLING = ".filling";
const USING = ".using";
const PAUSE_MS = 50;
const UNFINISHED = ".unfinished";
const CONTENTS = ".contents";
const DAY_MS = 24 * 3600 * 1000;

/** An entry of the cache that stays until this is disposed of. */
export interface Held extends Disposable {
  /** The entry's directory. */
  readonly path: string;
}

/** What is known of an entry. */
export interface Listed {
  readonly name: string;
  readonly bytes: number;
}

/** Where the cache is: `TRAPLINE_CACHE`, or `trapline` below the user's cache directory. */
export function cacheDirectory(env: (name: string) => string | undefined): string {
  const own = env("TRAPLINE_CACHE");
  if (own !== undefined && own !== "") return own;
  const xdg = env("XDG_CACHE_HOME");
  if (xdg !== undefined && xdg.startsWith("/")) return join(xdg, "trapline");
  const home = env("HOME");
  if (home === undefined || home === "") {
    throw new Error("Cannot find the cache directory: neither TRAPLINE_CACHE nor HOME is set");
  }
  return join(home, ".cache", "trapline");
}

/** Whether `path` is still the file that was opened, which one who removed the entry unlinked. */
async function isSameFile(file: Deno.FsFile, path: string): Promise<boolean> {
  const [opened, there] = await Promise.all([
    file.stat(),
    Deno.stat(path).catch((error: unknown) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }),
  ]);
  return there !== undefined && opened.ino === there.ino;
}

/** Locks the file at `path` for as long as it is open; gives nothing when somebody else has it. */
async function tryLock(path: string, isExclusive: boolean): Promise<Deno.FsFile | undefined> {
  for (;;) {
    const file = await Deno.open(path, { create: true, write: true });
    try {
      const isLocked = await file.tryLock(isExclusive);
      if (isLocked && await isSameFile(file, path)) return file;
      file.close();
      if (!isLocked) return undefined;
    } catch (error) {
      file.close();
      throw error;
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, (error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
}

async function sizeOf(path: string): Promise<number> {
  const info = await Deno.lstat(path);
  if (!info.isDirectory) return info.isFile ? info.size : 0;
  let bytes = 0;
  for await (const { name } of Deno.readDir(path)) bytes += await sizeOf(join(path, name));
  return bytes;
}

/** A directory of entries, each a directory that some function filled once. */
export class Cache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Where the entries are. */
  get directory(): string {
    return this.#directory;
  }

  /**
   * Holds the entry `name`. If it is not there, `fill` is given an empty
   * directory, and what it leaves in it becomes the entry; if `fill` throws,
   * nothing is kept. Only one process fills an entry, the others wait, until
   * `signal` aborts. An entry of which a file was lost, cut short or changed is
   * filled again.
   *
   * @throws {MissingError} When such an entry is in use.
   */
  async hold(
    name: string,
    fill: (directory: string) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<Held> {
    await this.#makeDirectory();
    const path = join(this.#directory, name);
    let filling: Deno.FsFile | undefined;
    // Not lock(), which nothing can interrupt.
    while ((filling = await tryLock(path + FILLING, true)) === undefined) {
      await delay(PAUSE_MS);
      signal?.throwIfAborted();
    }
    using _filling = filling;
    if (await exists(path)) await this.#discardDamaged(path);
    if (!(await exists(path))) await this.#fill(path, fill);
    // Nobody has it exclusively but one who has the first as well.
    const users = await tryLock(path + USING, false);
    if (users === undefined) throw new Error(`Cannot hold ${path}: Its lock is taken`);
    const now = new Date();
    await users.utime(now, now);
    return { path, [Symbol.dispose]: () => users.close() };
  }

  /** Makes the directory; what is executed from it must be what was put there. */
  async #makeDirectory(): Promise<void> {
    await Deno.mkdir(this.#directory, { recursive: true, mode: 0o700 });
    // A new file says who this user is, which Deno tells nobody unasked.
    const path = join(this.#directory, crypto.randomUUID() + FILLING);
    using probe = await Deno.open(path, { createNew: true, write: true });
    const { uid } = await probe.stat();
    // One who prunes may have been quicker.
    await Deno.remove(path).catch(() => {});
    const intruder = intruderOf(this.#directory, uid!);
    if (intruder === undefined) return;
    throw new MissingError(
      `Cannot use the cache ${this.#directory}: ${intruder}; set TRAPLINE_CACHE to another directory`,
    );
  }

  /** Removes the entry at `path` if it is not what it was when it was filled. */
  async #discardDamaged(path: string): Promise<void> {
    const record = await Deno.readTextFile(path + CONTENTS).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    if (record === undefined) {
      // Of a time before there were records: what it is now counts from here on.
      return await Deno.writeTextFile(path + CONTENTS, await recordContents(path));
    }
    const damaged = await damageIn(path, record);
    if (damaged === undefined) return;
    using users = await tryLock(path + USING, true);
    if (users === undefined) {
      throw new MissingError(
        `Cannot use ${path}: ${damaged} in it is damaged, and another sandbox uses it; end that ` +
          "one and start again",
      );
    }
    await Deno.remove(path, { recursive: true });
  }

  async #fill(path: string, fill: (directory: string) => Promise<void>): Promise<void> {
    const unfinished = path + UNFINISHED;
    await Deno.remove(unfinished, { recursive: true }).catch(() => {});
    await Deno.mkdir(unfinished);
    try {
      await fill(unfinished);
      await Deno.writeTextFile(path + CONTENTS, await recordContents(unfinished));
      await Deno.rename(unfinished, path);
    } catch (error) {
      await Deno.remove(unfinished, { recursive: true }).catch(() => {});
      throw error;
    }
  }

  async #names(): Promise<string[]> {
    if (!(await exists(this.#directory))) return [];
    const names: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(this.#directory)) {
      if (isDirectory) names.push(name);
    }
    return names.sort();
  }

  /** The entries and how much room they take, left-overs of a broken fill included. */
  async list(): Promise<Listed[]> {
    const names = await this.#names();
    return await Promise.all(
      names.map(async (name) => ({ name, bytes: await sizeOf(join(this.#directory, name)) })),
    );
  }

  /** Removes every entry that nobody holds; gives the names of those that stay. */
  async remove(): Promise<string[]> {
    const held: string[] = [];
    for (const name of await this.#known()) {
      if (!(await this.#removeEntry(name))) held.push(name);
    }
    return held;
  }

  /**
   * Removes the entries that nobody has used for `days`: the kernel, the
   * emulator or Deno that they were made for has been superseded, most likely.
   */
  async prune(days: number): Promise<void> {
    const eldest = Date.now() - days * DAY_MS;
    for (const name of await this.#known()) {
      const path = join(this.#directory, name);
      // An executable that is being unpacked has no such file yet.
      const info = await Deno.stat(path + USING).catch(() => Deno.stat(path))
        .catch(() => undefined);
      if ((info?.mtime?.getTime() ?? 0) < eldest) await this.#removeEntry(name);
    }
  }

  /** Names of entries, also of those of which only locks or a broken fill are left. */
  async #known(): Promise<string[]> {
    if (!(await exists(this.#directory))) return [];
    const names = new Set<string>();
    for await (const { name } of Deno.readDir(this.#directory)) {
      const suffix = [FILLING, USING, UNFINISHED, CONTENTS].find((suffix) =>
        name.endsWith(suffix)
      ) ?? "";
      names.add(name.slice(0, name.length - suffix.length));
    }
    return [...names].sort();
  }

  async #removeEntry(name: string): Promise<boolean> {
    const path = join(this.#directory, name);
    using filling = await tryLock(path + FILLING, true);
    using users = filling && await tryLock(path + USING, true);
    if (users === undefined) return false;
    for (const suffix of ["", UNFINISHED, CONTENTS, USING, FILLING]) {
      await Deno.remove(path + suffix, { recursive: true }).catch((error: unknown) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
    return true;
  }
}
