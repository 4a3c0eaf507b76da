/**
 * The payload disk: Deno and the libraries that it needs, in an ext2 image that
 * the guest reads from as it needs to. It does not change from run to run.
 *
 * @module
 */
import { basename, join } from "node:path";
import type { Cache, Held } from "./cache.ts";
import type { Tools } from "./machine.ts";
import { textOf } from "./program.ts";

/** Reads the paths of libraries from what ldd printed. */
export function parseLdd(text: string): string[] {
  return [...text.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map((match) => match[1]!);
}

// ext2 itself and the empty room that mke2fs likes to have.
const OVERHEAD = 1.1;
const MIB = 1 << 20;

/** Counts up when what is on the disk, or how it is made, changes. */
const LAYOUT = 2;

async function makeImage(image: string, folder: string, tools: Tools): Promise<void> {
  let bytes = 0;
  for (const part of ["bin", "lib"]) {
    for await (const { name } of Deno.readDir(join(folder, part))) {
      bytes += (await Deno.stat(join(folder, part, name))).size;
    }
  }
  const mib = Math.ceil(bytes * OVERHEAD / MIB) + 8;
  const options = ["-q", "-t", "ext2", "-b", "4096", "-m", "0", "-L", "payload", "-d", folder];
  await textOf(tools.program("mke2fs"), [...options, image, `${mib}m`], {
    what: "make the payload disk",
    env: tools.env,
  });
}

/**
 * Gives the image of the payload disk, which is `image` in the directory held.
 *
 * @param tools have mke2fs.
 */
export async function holdPayload(cache: Cache, tools: Tools, signal?: AbortSignal): Promise<Held> {
  const deno = await Deno.realPath(Deno.execPath());
  const { size, mtime } = await Deno.stat(deno);
  const name = `payload-${LAYOUT}-deno-${Deno.version.deno}-${size}-${mtime?.getTime()}`;
  return await cache.hold(name, async (directory) => {
    const folder = join(directory, "folder");
    await Deno.mkdir(join(folder, "bin"), { recursive: true });
    await Deno.mkdir(join(folder, "lib"));
    await Deno.copyFile(deno, join(folder, "bin", "deno"));
    const libraries = parseLdd(await textOf("ldd", [deno], { what: "find Deno's libraries" }));
    for (const path of libraries) {
      await Deno.copyFile(path, join(folder, "lib", basename(path)));
    }
    await makeImage(join(directory, "image"), folder, tools);
    await Deno.remove(folder, { recursive: true });
  }, signal);
}
