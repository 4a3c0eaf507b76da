/**
 * The part of Deno's cache that a project needs offline.
 *
 * @module
 */
import { basename, join } from "node:path";

/** Deno's cache directory, and what of it goes into a sandbox. */
export interface DenoFiles {
  readonly directory: string;
  /** What changes from run to run. */
  readonly paths: readonly string[];
  /** The folders of npm packages, which have one below them for each version and never change. */
  readonly packages: readonly string[];
}

// Modules that were fetched, compiled or checked, so that none of it happens again inside. What
// Deno wrote last into one of its databases is in the log beside it.
const CACHES = [
  "remote",
  "gen/https",
  ...["check_cache_v2", "dep_analysis_cache_v2", "node_analysis_cache_v2", "v8_code_cache_v2"]
    .flatMap((name) => [name, `${name}-wal`]),
];

function defaultDirectory(): string {
  const own = Deno.env.get("DENO_DIR");
  if (own !== undefined && own !== "") return own;
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/root", ".cache");
  return join(cache, "deno");
}

/** The names of the npm packages in a deno.lock, or nothing if all must be taken. */
export function npmNames(lock: string | undefined): ReadonlySet<string> | undefined {
  if (lock === undefined) return undefined;
  const { npm = {} } = JSON.parse(lock) as { readonly npm?: Readonly<Record<string, unknown>> };
  // "@scope/name@1.2.3_peer@4" is the package "@scope/name".
  return new Set(Object.keys(npm).map((key) => key.replace(/(?<=.)@.*$/, "")));
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const there = await Promise.all(paths.map(exists));
  return paths.filter((_, index) => there[index]);
}

/** The paths of the folders in `folder`. */
export async function foldersIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(join(folder, name));
  }
  return found;
}

/** The folders of all packages of a registry; a scope is a folder of such. */
async function packagesIn(registry: string): Promise<string[]> {
  const folders = await foldersIn(registry);
  const inScopes = folders.filter((folder) => basename(folder).startsWith("@")).map(foldersIn);
  const plain = folders.filter((folder) => !basename(folder).startsWith("@"));
  return [...plain, ...(await Promise.all(inScopes)).flat()];
}

async function npmFolders(npm: string, names: ReadonlySet<string> | undefined): Promise<string[]> {
  const registries = await foldersIn(npm);
  if (names === undefined) return (await Promise.all(registries.map(packagesIn))).flat();
  return registries.flatMap((registry) => [...names].map((name) => join(registry, name)));
}

/**
 * What of Deno's cache the project in `project` needs.
 *
 * @param others folders elsewhere whose modules it imports; its lock file has their packages.
 * @param directory where the cache is.
 */
export async function denoFiles(
  project: string,
  others: readonly string[] = [],
  directory: string = defaultDirectory(),
): Promise<DenoFiles> {
  const npm = join(directory, "npm");
  const lock = await Deno.readTextFile(join(project, "deno.lock")).catch(() => undefined);
  const compiled = [project, ...others].map((folder) => join("gen/file", folder));
  const paths = [...CACHES, ...compiled].map((name) => join(directory, name));
  const packages = await exists(npm) ? await npmFolders(npm, npmNames(lock)) : [];
  return { directory, paths: await existing(paths), packages: await existing(packages) };
}
