/**
 * The initramfs that every sandbox boots: busybox, the modules for the disks
 * and for KVM, and the first process. It does not change from run to run.
 *
 * @module
 */
import { join } from "node:path";
import type { Cache } from "./cache.ts";
import { cpioChunks, type Entry } from "./cpio.ts";
import { hexDigest } from "./hex_digest.ts";
import type { HeldKernel } from "./kernels.ts";
import type { Machine } from "./machine.ts";
import { type Module, readModules, withoutSignature } from "./modules.ts";
import { textOf } from "./program.ts";

const INIT = new URL("init.sh", import.meta.url);

const encoder = new TextEncoder();

function file(path: string, mode: number, data: Uint8Array | string): Entry {
  return {
    kind: "file",
    path,
    mode,
    data: typeof data === "string" ? encoder.encode(data) : data,
  };
}

/** What an initramfs is made of. */
export interface Parts {
  readonly busybox: Uint8Array;
  /** The commands that busybox is. */
  readonly applets: readonly string[];
  /** The first process. */
  readonly init: Uint8Array;
  /** Modules that must be there for the disks. */
  readonly disks: readonly Module[];
  /** Modules of KVM. */
  readonly kvm: readonly Module[];
}

/** Counts up when the same parts make another initramfs. */
const LAYOUT = "2";

/** Where the payload disk's libraries are looked for; a dynamic loader knows these. */
const LIBRARY_FOLDERS = ["lib64", "lib/x86_64-linux-gnu", "usr/lib64", "usr/lib/x86_64-linux-gnu"];

/** The entries of an initramfs. */
export function initramfsEntries({ busybox, applets, init, disks, kvm }: Parts): Entry[] {
  const lines = (modules: readonly Module[]): string =>
    modules.map(({ name }) => `${name}\n`).join("");
  const first = new Set(disks.map(({ name }) => name));
  const rest = kvm.filter(({ name }) => !first.has(name));
  return [
    { kind: "device", path: "dev/console", major: 5, minor: 1 },
    ...["payload", "exchange", "proc", "sys", "root", "usr/bin", "etc"].map((path): Entry => ({
      kind: "directory",
      path,
    })),
    file("init", 0o755, init),
    file("bin/busybox", 0o755, busybox),
    ...applets.map((name): Entry => ({ kind: "link", path: `bin/${name}`, target: "busybox" })),
    ...LIBRARY_FOLDERS.map((path): Entry => ({ kind: "link", path, target: "/payload/lib" })),
    { kind: "link", path: "usr/bin/deno", target: "/payload/bin/deno" },
    { kind: "link", path: "usr/bin/env", target: "/bin/busybox" },
    file("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\n"),
    file("etc/group", 0o644, "root:x:0:\n"),
    file("etc/hosts", 0o644, "127.0.0.1 localhost\n"),
    file("modules/disks", 0o644, lines(disks)),
    file("modules/kvm", 0o644, lines(rest)),
    ...[...disks, ...rest].map(({ name, data }) => file(`modules/${name}.ko`, 0o644, data)),
  ];
}

const NO_PARTS: Parts = {
  busybox: new Uint8Array(),
  applets: [],
  init: new Uint8Array(),
  disks: [],
  kvm: [],
};

/** Writes the initramfs to `path`. */
export async function writeInitramfs(path: string, parts: Parts): Promise<void> {
  using output = await Deno.open(path, { create: true, write: true, truncate: true });
  const writer = output.writable.getWriter();
  for (const chunk of cpioChunks(initramfsEntries(parts))) await writer.write(chunk);
  writer.releaseLock();
}

async function modificationTime(path: string): Promise<string> {
  return String((await Deno.stat(path)).mtime?.getTime());
}

/** An initramfs that stays until this is disposed of. */
export interface HeldInitramfs extends Disposable {
  readonly path: string;
}

/**
 * Gives the initramfs for `kernel` on `machine`. That of a kernel in the cache
 * is made once; a kernel of the user's own may be another one each time.
 *
 * @param directory where one goes that is not cached.
 */
export async function holdInitramfs(
  cache: Cache,
  kernel: HeldKernel,
  machine: Machine,
  busybox: string,
  directory: string,
  signal?: AbortSignal,
): Promise<HeldInitramfs> {
  const init = await Deno.readFile(INIT);
  const write = async (path: string): Promise<void> => {
    const list = await textOf(busybox, ["--list"], { what: "list busybox's commands" });
    const names = ["kvm", `kvm_${machine.vendor}`];
    const read = async (names: readonly string[]): Promise<readonly Module[]> => {
      const modules = await readModules(kernel.modules, names, busybox);
      // Debian's kernels do not insist on signatures; a user's own may.
      if (!kernel.isCached) return modules;
      return modules.map(({ name, data }) => ({ name, data: withoutSignature(data) }));
    };
    await writeInitramfs(path, {
      busybox: await Deno.readFile(busybox),
      applets: list.split("\n").filter((name) => name !== "" && name !== "busybox"),
      init,
      disks: await read(machine.modules),
      kvm: await read(names),
    });
  };
  if (!kernel.isCached) {
    const path = join(directory, "initramfs");
    await write(path);
    return { path, [Symbol.dispose]: () => {} };
  }
  const digest = await hexDigest([
    LAYOUT,
    init,
    kernel.image,
    await modificationTime(kernel.image),
    busybox,
    machine.modules.join(),
    machine.vendor,
    JSON.stringify(initramfsEntries(NO_PARTS)),
  ]);
  const held = await cache.hold(
    `initramfs-${machine.vendor}-${kernel.name}-${digest}`,
    (directory) => write(join(directory, "initramfs")),
    signal,
  );
  return { path: join(held.path, "initramfs"), [Symbol.dispose]: () => held[Symbol.dispose]() };
}
