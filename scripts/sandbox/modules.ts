/**
 * Kernel modules: where they are, what they need, and the order to load them in.
 *
 * @module
 */
import { join } from "node:path";
import { bytesOf, findProgram } from "./program.ts";

/** A module, ready for insmod. */
export interface Module {
  /** Its name with underscores, as the kernel has it. */
  readonly name: string;
  /** The module itself, not compressed. */
  readonly data: Uint8Array;
}

const SUFFIX = /\.ko(?:\.(xz|gz|zst))?$/;

/** The name under which the kernel knows the module in the file `name`. */
export function moduleName(name: string): string {
  return name.replace(SUFFIX, "").replaceAll("-", "_");
}

/** Finds every module below `directory`, by its name. */
export async function findModules(
  directory: string,
  found: Map<string, string> = new Map(),
): Promise<Map<string, string>> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(directory)) {
    const path = join(directory, name);
    if (isDirectory) await findModules(path, found);
    else if (isFile && SUFFIX.test(name)) found.set(moduleName(name), path);
  }
  return found;
}

/** The modules that the module in `data` says it needs, read from its `depends` entry. */
export function dependsOf(data: Uint8Array): string[] {
  // Entries of .modinfo are "name=value" between NULs.
  const text = new TextDecoder("latin1").decode(data);
  const names = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? "";
  return names.split(",").filter((name) => name !== "").map(moduleName);
}

// What follows a signed module: the signature, a note of 12 bytes whose last 4 are the signature's
// size, and this line (the kernel's scripts/sign-file.c and kernel/module_signature.c).
const SIGNED = new TextEncoder().encode("~Module signature appended~\n");
const NOTE_SIZE = 12;

/**
 * The module in `data` without its signature. An emulated processor takes seconds to check them,
 * and a kernel that does not insist on them is none the worse.
 */
export function withoutSignature(data: Uint8Array): Uint8Array {
  const end = data.length - SIGNED.length;
  if (end < NOTE_SIZE || !SIGNED.every((byte, index) => data[end + index] === byte)) return data;
  const size = new DataView(data.buffer, data.byteOffset).getUint32(end - 4);
  return data.subarray(0, end - NOTE_SIZE - size);
}

async function readModule(path: string, busybox: string): Promise<Uint8Array> {
  const what = `unpack the module ${path}`;
  switch (SUFFIX.exec(path)?.[1]) {
    case "xz":
      return await bytesOf(busybox, ["unxz", "-c", path], { what });
    case "gz":
      return await bytesOf(busybox, ["gunzip", "-c", path], { what });
    case "zst":
      return await bytesOf(findProgram("zstd") ?? "zstd", ["-dc", path], { what });
    default:
      return await Deno.readFile(path);
  }
}

/**
 * Reads the modules `names` and what they need, each after those that it needs.
 * Those that are not below `directory` are left out: they may be built in.
 *
 * @param busybox path of a busybox, which unpacks them.
 */
export async function readModules(
  directory: string | undefined,
  names: readonly string[],
  busybox: string,
): Promise<Module[]> {
  const paths = directory === undefined ? new Map() : await findModules(directory);
  const modules = new Map<string, Module>();
  const read = async (name: string): Promise<void> => {
    const path = paths.get(name);
    if (path === undefined || modules.has(name)) return;
    const data = await readModule(path, busybox);
    for (const needed of dependsOf(data)) await read(needed);
    modules.set(name, { name, data });
  };
  for (const name of names) await read(moduleName(name));
  return [...modules.values()];
}
