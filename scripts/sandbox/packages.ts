/**
 * Programs that a sandbox needs: the machine's own, or unpacked into the cache
 * from packages of the machine's own release.
 *
 * @module
 */
import { join } from "node:path";
import { Apt } from "./apt.ts";
import { archives, ownLines, thisRelease } from "./apt_sources.ts";
import type { Cache } from "./cache.ts";
import { suiteLine } from "./debian_suite.ts";
import type { ToolRequest, Tools } from "./machine.ts";
import { MissingError, requireApt } from "./missing.ts";
import { findProgram } from "./program.ts";

/** Tells the person who waits what goes on. */
export type Report = (step: string) => void;

function librariesBelow(root: string): string {
  return ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib", "lib"]
    .map((folder) => join(root, folder)).join(":");
}

function toolsBelow(root: string): Tools {
  const program = (name: string): string => {
    for (const folder of ["usr/bin", "usr/sbin", "bin", "sbin"]) {
      const path = join(root, folder, name);
      try {
        if (Deno.statSync(path).isFile) return path;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    throw new MissingError(
      `Cannot find the program ${name}: no package unpacked in ${root} has it`,
    );
  };
  return { root, program, env: { LD_LIBRARY_PATH: librariesBelow(root) } };
}

const INSTALLED: Tools = {
  root: "/",
  program: (name) => {
    const path = findProgram(name);
    if (path === undefined) throw new MissingError(`Cannot find the program ${name}`);
    return path;
  },
  env: {},
};

/** Tools that stay until this is disposed of. */
export interface HeldTools extends Tools, Disposable {}

/** Gives the machine's own programs if they will do, else those of packages in the cache. */
export async function holdTools(
  cache: Cache,
  { programs, packages, suite, willDo = () => Promise.resolve(true) }: ToolRequest,
  report: Report,
  signal?: AbortSignal,
): Promise<HeldTools> {
  const installed = programs.every((name) => findProgram(name) !== undefined);
  if (installed && await willDo(INSTALLED)) return { ...INSTALLED, [Symbol.dispose]: () => {} };
  requireApt(packages, programs);
  const { id, codename } = suite === undefined
    ? await thisRelease()
    : { id: "debian", codename: suite };
  const name = `packages-${id}-${codename}-${packages.join("+")}`;
  const held = await cache.hold(name, async (directory) => {
    report(`fetching the package lists of ${id} ${codename}`);
    const root = join(directory, "root");
    const work = join(directory, "apt");
    await Deno.mkdir(work);
    const lines = suite === undefined
      ? ownLines(await archives(), codename)
      : [await suiteLine(suite)];
    const apt = await Apt.update(work, lines, { isForeign: suite !== undefined, signal });
    const wanted = suite === undefined
      ? await apt.missing(packages)
      : await apt.withLibraries(packages);
    await apt.unpack(wanted, root, (done, next) => {
      report(`fetching package ${done + 1} of ${wanted.length}: ${next}`);
    });
    await Deno.remove(work, { recursive: true });
  }, signal);
  return { ...toolsBelow(join(held.path, "root")), [Symbol.dispose]: () => held[Symbol.dispose]() };
}

// Loaders of dynamic programs; a program that names one does not run in the sandbox.
const LOADERS = ["/ld-linux", "/ld-musl", "/ld64"];

/** The sandbox's shell and commands, which must not need libraries. */
export const BUSYBOX: ToolRequest = {
  programs: ["busybox"],
  packages: ["busybox-static"],
  willDo: async (tools) => {
    const text = new TextDecoder("latin1").decode(await Deno.readFile(tools.program("busybox")));
    return !LOADERS.some((loader) => text.includes(loader)) &&
      ["insmod", "findfs"].every((name) => text.includes(name));
  },
};

/** What makes and reads the disks. */
export const E2FSPROGS: ToolRequest = {
  programs: ["mke2fs", "debugfs"],
  packages: ["e2fsprogs"],
};
