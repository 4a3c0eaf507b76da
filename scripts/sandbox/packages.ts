/**
 * Programs that a sandbox needs: the machine's own, or unpacked into the cache
 * from packages of the machine's own release.
 *
 * @module
 */
import { join } from "node:path";
import { Apt } from "./apt.ts";
import { archives, ownLines, parseRelease, type Release } from "./apt_sources.ts";
import type { Cache, Held } from "./cache.ts";
import type { Tools } from "./machine.ts";
import { findProgram } from "./program.ts";

/** Something that is not there and cannot be fetched. */
export class MissingError extends Error {
  override readonly name = "MissingError";
}

/** Tells the person who waits what goes on. */
export type Report = (step: string) => void;

const OS_RELEASE = "/etc/os-release";

/** What this machine is. */
export async function thisRelease(): Promise<Release> {
  return parseRelease(await Deno.readTextFile(OS_RELEASE).catch(() => ""));
}

/** How the distributions that have no apt install a program. */
const INSTALLERS: readonly (readonly [program: string, command: string])[] = [
  ["dnf", "sudo dnf install"],
  ["pacman", "sudo pacman -S"],
  ["zypper", "sudo zypper install"],
  ["apk", "sudo apk add"],
];

/** Names of Debian packages where another distribution has another name for them. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  "busybox-static": "busybox",
  "qemu-system-x86": "qemu-system-x86 (or qemu-system-x86_64, qemu-x86)",
};

/** How a person gets `packages` where there is no apt. */
export function adviceFor(packages: readonly string[], installer: string | undefined): string {
  const names = packages.map((name) => OTHER_NAMES[name] ?? name).join(" ");
  return installer === undefined
    ? `install ${names} with this system's package manager`
    : `run "${installer} ${names}"`;
}

/** Throws when this machine has no apt, saying what would help. */
export function requireApt(packages: readonly string[], programs: readonly string[]): void {
  const needed = ["apt-get", "apt-cache", "dpkg-deb"];
  if (needed.every((name) => findProgram(name) !== undefined)) return;
  const installer = INSTALLERS.find(([program]) => findProgram(program) !== undefined)?.[1];
  throw new MissingError(
    `Cannot fetch ${programs.join(", ")}: this machine has no apt; ` +
      adviceFor(packages, installer),
  );
}

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

/** What is wanted of {@linkcode holdTools}. */
export interface ToolRequest {
  /** Programs by name. */
  readonly programs: readonly string[];
  /** Debian packages that have them. */
  readonly packages: readonly string[];
  /** Whether the machine's own programs will do; asked only when all are there. */
  readonly willDo?: (tools: Tools) => Promise<boolean>;
}

/** Gives the machine's own programs if they will do, else those of packages in the cache. */
export async function holdTools(
  cache: Cache,
  { programs, packages, willDo = () => Promise.resolve(true) }: ToolRequest,
  report: Report,
  signal?: AbortSignal,
): Promise<HeldTools> {
  const installed = programs.every((name) => findProgram(name) !== undefined);
  if (installed && await willDo(INSTALLED)) return { ...INSTALLED, [Symbol.dispose]: () => {} };
  requireApt(packages, programs);
  const { id, codename } = await thisRelease();
  const name = `packages-${id}-${codename}-${packages.join("+")}`;
  const held: Held = await cache.hold(name, async (directory) => {
    report(`fetching the package lists of ${id} ${codename}`);
    const root = join(directory, "root");
    const work = join(directory, "apt");
    await Deno.mkdir(work);
    const apt = await Apt.update(work, ownLines(await archives(), codename), signal);
    const missing = await apt.missing(packages);
    let count = 0;
    await apt.unpack(missing, root, (name) => {
      report(`fetching package ${++count} of ${missing.length}: ${name}`);
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
    return !LOADERS.some((loader) => text.includes(loader)) && text.includes("insmod");
  },
};

/** What makes and reads the disks. */
export const E2FSPROGS: ToolRequest = {
  programs: ["mke2fs", "debugfs"],
  packages: ["e2fsprogs"],
};
