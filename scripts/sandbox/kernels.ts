/**
 * Kernels that a sandbox can boot: Debian's, fetched into the cache, or one
 * that the user built.
 *
 * @module
 */
import { basename, join } from "node:path";
import { MisuseError } from "../misuse.ts";
import { Apt } from "./apt.ts";
import { HEAD_SIZE, imageFault } from "./boot_disk_kernel.ts";
import type { Cache } from "./cache.ts";
import { suiteLine } from "./debian_suite.ts";
import { MissingError, requireApt } from "./missing.ts";
import type { Report } from "./packages.ts";

/** A kernel with its modules. */
export interface Kernel {
  /** As the user named it. */
  readonly name: string;
  /** Path of the bzImage. */
  readonly image: string;
  /** A directory with its modules somewhere below it, if it has any. */
  readonly modules: string | undefined;
  /** Whether all of it is in the cache, where it does not change. */
  readonly isCached: boolean;
}

/** A kernel that stays until this is disposed of. */
export interface HeldKernel extends Kernel, Disposable {}

/** A generation of kernels that Debian has. */
interface Generation {
  readonly suite: string;
  /** Names of the packages that together are one kernel; `*` stands for its release. */
  readonly packages: readonly [string, ...string[]];
}

const ONE_PACKAGE = ["linux-image-*-cloud-amd64-unsigned"] as const;

/** The generations by the name that the user gives. */
export const GENERATIONS: Readonly<Record<string, Generation>> = {
  "5.10": { suite: "bullseye", packages: ONE_PACKAGE },
  "6.1": { suite: "bookworm", packages: ONE_PACKAGE },
  "6.12": { suite: "trixie", packages: ONE_PACKAGE },
  "7": {
    suite: "sid",
    packages: ["linux-binary-*-cloud-amd64", "linux-modules-*-cloud-amd64"],
  },
};

/** Orders releases such as `6.12.9` and `6.12.107+deb13` by their numbers. */
export function compareReleases(a: string, b: string): number {
  const numbers = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? -1) - (right[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The names of the generations, oldest first; an object gives `7` before `5.10`. */
export const GENERATION_NAMES: readonly string[] = Object.keys(GENERATIONS).sort(compareReleases);

/** The newest release of `generation` among package `names` of the form `pattern`. */
export function newestRelease(
  names: readonly string[],
  pattern: string,
  generation: string,
): string | undefined {
  const [before, after] = pattern.split("*") as [string, string];
  return names.filter((name) => name.startsWith(before) && name.endsWith(after))
    .map((name) => name.slice(before.length, name.length - after.length))
    .filter((release) => /^\d[^-]*(-\d+)?$/.test(release))
    .filter((release) => release.startsWith(`${generation}.`))
    .sort(compareReleases).at(-1);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function fill(
  directory: string,
  name: string,
  { suite, packages }: Generation,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<void> {
  report(`fetching the package lists of Debian ${suite}`);
  const work = join(directory, "apt");
  await Deno.mkdir(work);
  const apt = await Apt.update(work, [await suiteLine(suite)], { signal });
  const [first] = packages;
  const names = await apt.names(first.split("*")[0]!);
  const release = newestRelease(names, first, name);
  if (release === undefined) {
    throw new MissingError(`Cannot find a kernel ${name} in Debian ${suite}`);
  }
  const wanted = await Promise.all(
    packages.map((pattern) => apt.candidate(pattern.replace("*", release))),
  );
  await apt.unpack(wanted, join(directory, "root"), (_, name) => report(`fetching ${name}`));
  await Deno.remove(work, { recursive: true });
}

async function imageBelow(directory: string): Promise<string> {
  for (const folder of ["boot", "usr/lib/modules", "lib/modules"]) {
    if (!(await exists(join(directory, folder)))) continue;
    for await (const { name, isFile } of Deno.readDir(join(directory, folder))) {
      if (isFile && name.startsWith("vmlinuz")) return join(directory, folder, name);
      const inside = join(directory, folder, name, "vmlinuz");
      if (!isFile && await exists(inside)) return inside;
    }
  }
  throw new MissingError(`Cannot find the kernel's image in ${directory}`);
}

/** Why the file at `path` cannot be booted, or `undefined`; its payload is not looked at. */
function fileFault(path: string): string | undefined {
  const known = GENERATION_NAMES.join(", ");
  try {
    const { isDirectory, size } = Deno.statSync(path);
    if (isDirectory) return "it is a directory";
    using file = Deno.openSync(path);
    const head = new Uint8Array(HEAD_SIZE);
    return imageFault(head.subarray(0, file.readSync(head) ?? 0), size);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
    if (!(error instanceof Error && "code" in error)) throw error;
    return `it is neither one of ${known} nor a file`;
  }
}

/**
 * Makes sure that there is a kernel of this name, before anything is fetched for it.
 *
 * @throws {MisuseError} When it is neither a generation nor the image of a kernel.
 */
export function requireKernel(name: string): void {
  if (Object.hasOwn(GENERATIONS, name)) return;
  const fault = fileFault(name);
  if (fault === undefined) return;
  throw new MisuseError(
    `Cannot boot the kernel "${name}": ${fault}; name a generation, or the bzImage of a kernel ` +
      "for x86-64 (arch/x86/boot/bzImage where it was built)",
  );
}

/**
 * Gives the kernel that the user named.
 *
 * @param name a generation, or the path of a bzImage.
 * @param modules where the modules of a kernel given by path are.
 */
export async function holdKernel(
  cache: Cache,
  name: string,
  modules: string | undefined,
  report: Report,
  signal?: AbortSignal,
): Promise<HeldKernel> {
  const generation = GENERATIONS[name];
  if (generation === undefined) {
    requireKernel(name);
    return {
      name: basename(name),
      image: name,
      modules,
      isCached: false,
      [Symbol.dispose]: () => {},
    };
  }
  requireApt(generation.packages, [`the kernel ${name}`]);
  const held = await cache.hold(
    `kernel-${name}`,
    (directory) => fill(directory, name, generation, report, signal),
    signal,
  );
  const root = join(held.path, "root");
  try {
    const image = await imageBelow(root);
    return {
      name,
      image,
      modules: modules ?? root,
      isCached: modules === undefined,
      [Symbol.dispose]: () => held[Symbol.dispose](),
    };
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}
