/**
 * The ELF file inside a kernel's image, unpacked once on the host: an emulated
 * processor needs a second and more for it at each boot.
 *
 * @module
 */
import { join } from "node:path";
import { readKernel } from "./boot_disk_kernel.ts";
import type { Cache } from "./cache.ts";
import type { HeldKernel } from "./kernels.ts";

const NAME = "vmlinux";

// The note that says where the PVH entry is: sizes of name and value, type, and name.
const PVH_TYPE = 18;
const PVH_NOTES = [4, 8].map((size) =>
  String.fromCharCode(4, 0, 0, 0, size, 0, 0, 0, PVH_TYPE, 0, 0, 0) + "Xen\0"
);

/** Whether a kernel's ELF file has the PVH entry (CONFIG_PVH). */
export function hasPvhEntry(elf: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(elf);
  return PVH_NOTES.some((note) => text.includes(note));
}

/** An ELF file that stays until this is disposed of. */
export interface HeldElf extends Disposable {
  /** Its path, if the kernel could be unpacked and has the entry. */
  readonly path: string | undefined;
}

/** Gives the ELF file of a kernel in the cache; others may be another one each time. */
export async function holdElf(
  cache: Cache,
  kernel: HeldKernel,
  signal?: AbortSignal,
): Promise<HeldElf> {
  if (!kernel.isCached) return { path: undefined, [Symbol.dispose]: () => {} };
  const { mtime } = await Deno.stat(kernel.image);
  const held = await cache.hold(
    `elf-${kernel.name}-${mtime?.getTime()}`,
    async (directory) => {
      const { elf } = readKernel(await Deno.readFile(kernel.image));
      if (elf !== undefined && hasPvhEntry(elf)) await Deno.writeFile(join(directory, NAME), elf);
    },
    signal,
  );
  const path = join(held.path, NAME);
  const isThere = await Deno.stat(path).then(() => true, () => false);
  return { path: isThere ? path : undefined, [Symbol.dispose]: () => held[Symbol.dispose]() };
}
