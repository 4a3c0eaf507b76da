/**
 * The payload disk: Deno, the libraries that it needs and a project's npm packages,
 * in an ext2 image that the guest reads from as it needs to. It does not change from
 * run to run; to gather some ten thousand small files takes as long as to boot.
 *
 * @module
 */
import { basename, join } from "node:path";
import type { Cache, Held } from "./cache.ts";
import { foldersIn } from "./deno_files.ts";
import { hexDigest } from "./hex_digest.ts";
import type { Tools } from "./machine.ts";
import { textOf } from "./program.ts";
import { copyBelow, mibOf } from "./stage.ts";

/** Reads the paths of libraries from what ldd printed. */
export function parseLdd(text: string): string[] {
  return [...text.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map((match) => match[1]!);
}

const PACKAGES = {
  what: "the npm folder of Deno's cache",
  remedy: "a deno.lock in the current directory names the packages that are needed",
};

/** Room in MiB for what mke2fs likes to have empty. */
const ROOM_MIB = 8;

/** Counts up when what is on the disk, or how it is made, changes. */
const LAYOUT = "3";

async function makeImage(
  image: string,
  stage: string,
  tools: Tools,
  signal: AbortSignal | undefined,
): Promise<void> {
  const mib = await mibOf(stage, signal) + ROOM_MIB;
  const options = ["-q", "-t", "ext2", "-b", "4096", "-m", "0", "-L", "payload", "-d", stage];
  await textOf(tools.program("mke2fs"), [...options, image, `${mib}m`], {
    what: "make the payload disk",
    env: tools.env,
    signal,
  });
}

/** Each version of the packages, and when it came: a damaged one may have been fetched again. */
async function versionsOf(packages: readonly string[]): Promise<string[]> {
  const folders = (await Promise.all(packages.map(foldersIn))).flat();
  return await Promise.all(
    folders.sort().map(async (folder) => {
      const { mtime } = await Deno.stat(folder);
      return `${folder} ${mtime?.getTime()}`;
    }),
  );
}

/** The name in the cache of a payload disk with this `deno` and these `packages`. */
export async function payloadName(deno: string, packages: readonly string[]): Promise<string> {
  const { size, mtime } = await Deno.stat(deno);
  const parts = [LAYOUT, `${size} ${mtime?.getTime()}`, ...await versionsOf(packages)];
  return `payload-deno-${Deno.version.deno}-${await hexDigest(parts)}`;
}

/**
 * Gives the image of the payload disk, which is `image` in the directory held.
 *
 * @param packages folders of npm packages, which are at the same paths on the disk.
 * @param tools have mke2fs.
 */
export async function holdPayload(
  cache: Cache,
  packages: readonly string[],
  tools: Tools,
  signal?: AbortSignal,
): Promise<Held> {
  const deno = await Deno.realPath(Deno.execPath());
  return await cache.hold(await payloadName(deno, packages), async (directory) => {
    const stage = join(directory, "stage");
    await Deno.mkdir(join(stage, "bin"), { recursive: true });
    await Deno.mkdir(join(stage, "lib"));
    await Deno.copyFile(deno, join(stage, "bin", "deno"));
    const libraries = parseLdd(await textOf("ldd", [deno], { what: "find Deno's libraries" }));
    for (const path of libraries) {
      await Deno.copyFile(path, join(stage, "lib", basename(path)));
    }
    if (packages.length > 0) await copyBelow(stage, { paths: packages, named: PACKAGES }, signal);
    await makeImage(join(directory, "image"), stage, tools, signal);
    await Deno.remove(stage, { recursive: true });
  }, signal);
}
