/**
 * The sandbox's own cache of unpacked packages, kernels and disk images. An
 * entry is there whole or not at all, several processes may use it at once, and
 * one that is in use is not removed.
 *
 * @module
 */
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

// One who fills an entry, or removes it, locks the first; everyone who uses it shares the second.
const FILLING = ".filling";
const USING = ".using";
const PAUSE_MS = 50;
const UNFINISHED = ".unfinished";

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

async function openLock(path: string): Promise<Deno.FsFile> {
  return await Deno.open(path, { create: true, write: true });
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
   * `signal` aborts.
   */
  async hold(
    name: string,
    fill: (directory: string) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<Held> {
    await Deno.mkdir(this.#directory, { recursive: true });
    const path = join(this.#directory, name);
    using filling = await openLock(path + FILLING);
    // Not lock(), which nothing can interrupt.
    while (!(await filling.tryLock(true))) {
      await delay(PAUSE_MS);
      signal?.throwIfAborted();
    }
    if (!(await exists(path))) await this.#fill(path, fill);
    const users = await openLock(path + USING);
    await users.lock(false);
    return { path, [Symbol.dispose]: () => users.close() };
  }

  async #fill(path: string, fill: (directory: string) => Promise<void>): Promise<void> {
    const unfinished = path + UNFINISHED;
    await Deno.remove(unfinished, { recursive: true }).catch(() => {});
    await Deno.mkdir(unfinished);
    try {
      await fill(unfinished);
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
    for (const name of await this.#names()) {
      const path = join(this.#directory, name);
      const entry = name.endsWith(UNFINISHED) ? path.slice(0, -UNFINISHED.length) : path;
      using filling = await openLock(entry + FILLING);
      using users = await openLock(entry + USING);
      if (await filling.tryLock(true) && await users.tryLock(true)) {
        await Deno.remove(path, { recursive: true });
      } else {
        held.push(basename(entry));
      }
    }
    return held;
  }
}
